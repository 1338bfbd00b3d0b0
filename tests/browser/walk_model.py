"""What must be there after any walk: a small model of every word that was written on the page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from claude_sse.standin import StandIn

#: What a tab shows and keeps, and what the browser has stored, as walk.js tells them.
Seen = dict[str, Any]
Stored = dict[str, Any]
CONTINUE = "Continue exactly where"
#: The server itself asks once more, or a page that was loaded again before it had the refusal.
ASKED_TWICE = ("server_error", "overloaded", "bad_request")


@dataclass
class Word:
    """A word that no other text has: the end of what was written in a place of a tab."""

    tab: str
    place: str
    is_change: bool = False
    #: It may be gone: the reader gave it up, or its tab had no time to keep it.
    may_go: bool = False


@dataclass
class Model:
    """The words of a walk, and what was asked of the server."""

    words: dict[str, Word] = field(default_factory=dict)
    #: How many times the question with this word was asked again.
    repeats: Counter[str] = field(default_factory=Counter)
    #: The question of each stream that was asked for.
    puts: dict[str, str] = field(default_factory=dict)
    files: dict[str, Word] = field(default_factory=dict)
    #: Ids of messages that are copies.
    copies: set[str] = field(default_factory=set)
    #: Ids of conversations that were deleted at some time.
    deleted: set[str] = field(default_factory=set)
    #: Where a conversation cannot be read, a question begins a new one, and the page says so; one
    #: that was being stored as the page went is a draft again, as it may not be stored.
    may_begin_another: bool = False

    def replace(self, before: str, after: str) -> None:
        """The walker has written something else over this."""
        for word in set(before.split()) - set(after.split()):
            if word in self.words:
                self.words[word].may_go = True

    def problems(self, tabs: dict[str, Seen], stored: Stored) -> list[str]:
        """Return what is lost, doubled or in a wrong place; the page may still be at it."""
        found = []
        homes = self._homes(stored)
        for name, word in self.words.items():
            asked = homes.get(name, [])
            drafts = [f"{tab}/{place}" for tab, place in _drafts_with(name, tabs, "text")]
            changes = [f"{tab}/{place}" for tab, place in _drafts_with(name, tabs, "edits")]
            left = _copies_with(name, tabs, stored)
            if len(asked) > 1 + self.repeats[name] + self.may_begin_another:
                found.append(f"{name} is asked twice: {asked}")
            if asked and drafts and not self.may_begin_another:
                found.append(f"{name} is asked in {asked} and a draft of {drafts}")
            if len(drafts) > 1:
                found.append(f"{name} is several drafts: {drafts}")
            if not (asked or drafts or changes or left or word.may_go):
                found.append(f"{name} is lost; it was written in {word}")
            for each in asked + [place.split("/")[1] for place in drafts]:
                if self._is_fixed(word.place, stored) and word.place != each:
                    found.append(f"{name} was written in {word.place} and is in {each}")
            if drafts and drafts[0].split("/")[0] != word.tab and not left and not word.may_go:
                known = word.tab in tabs
                if known:
                    found.append(f"{name} was written in tab {word.tab} and is in {drafts}")
        return found + self._lost_files(tabs, stored)

    def _is_fixed(self, place: str, stored: Stored) -> bool:
        """Whether this is a conversation that was never away, so that it was no new one."""
        if self.may_begin_another:
            return False
        return place in {one["id"] for one in stored["conversations"]} - self.deleted

    def _homes(self, stored: Stored) -> dict[str, list[str]]:
        """Return the conversations in which each word was asked, copies aside."""
        homes: dict[str, list[str]] = {}
        for message in stored["messages"]:
            if message["role"] == "user" and message["id"] not in self.copies:
                for word in message["text"].split():
                    if word in self.words:
                        homes.setdefault(word, []).append(message["conversation"])
        return homes

    def _lost_files(self, tabs: dict[str, Seen], stored: Stored) -> list[str]:
        found = []
        sent: dict[str, list[str]] = {}
        for message in stored["messages"]:
            if message["id"] in self.copies:
                continue
            for file in message.get("files") or []:
                sent.setdefault(file["name"], []).append(message["conversation"])
        for name, word in self.files.items():
            kept = [
                (tab, key)
                for tab, seen in tabs.items()
                for key, names in seen["files"].items()
                if name in names
            ]
            left = name in _files_left(tabs, stored)
            if not kept and name not in sent and not left and not word.may_go:
                found.append(f"the file {name} is lost; it was attached in {word}")
            for tab, key in kept if name not in sent else []:
                if tab != word.tab and word.tab in tabs:
                    found.append(f"the file {name} is in another tab")
                if self._is_fixed(word.place, stored) and not word.is_change and word.place != key:
                    found.append(f"the file {name} was attached in {word.place} and is in {key}")
            for conversation in sent.get(name, []):
                if self._is_fixed(word.place, stored) and word.place != conversation:
                    found.append(f"{name} was attached in {word.place}, sent in {conversation}")
        return found

    def wrong_answers(self, stored: Stored, standin: StandIn) -> list[str]:
        """Return the answers that are not what Claude has written, and what was asked too often."""
        found = []
        by_id = {message["id"]: message for message in stored["messages"]}
        for message in stored["messages"]:
            if message["role"] != "assistant" or message["id"] in self.copies:
                continue
            question = by_id.get(message["parent"], {}).get("text", "")
            sent = [one.sent for one in standin.requests if one.prompt.endswith(question)]
            text = message["text"]
            is_right = (
                any(text == one for one in sent)
                if message["state"] == "done"
                else not text or any(one.startswith(text) for one in sent)
            )
            if not is_right:
                found.append(f"{message['id']} ({message['state']}) has {text!r} for {question!r}")
            if message["state"] == "interrupted" and not message.get("problem"):
                found.append(f"{message['id']} is interrupted without a reason")
        for stream, word in self.puts.items():
            question = by_id.get(by_id.get(stream, {}).get("parent"), {})
            self.puts[stream] = word or word_of(question.get("text", ""))
        return found + self._asked_too_often(standin)

    def _asked_too_often(self, standin: StandIn) -> list[str]:
        found = []
        streams = Counter(self.puts.values())
        asked = Counter(word_of(one.prompt) for one in standin.requests)
        for word in self.words:
            if streams[word] > 1 + self.repeats[word]:
                found.append(f"{word}: {streams[word]} streams, {self.repeats[word]} repeats")
            prompts = [one.prompt for one in standin.requests if word_of(one.prompt) == word]
            each = 2 if any(fault in prompt for prompt in prompts for fault in ASKED_TWICE) else 1
            # of a question with files that gave way to its repeat it is not known what it asked
            if asked[word] > each * (streams[word] + streams[""]):
                found.append(f"{word} was asked {asked[word]} times for {streams[word]} streams")
        return found


def word_of(text: str) -> str:
    """Return the word by which a question is known."""
    return (text.split() or [""])[-1]


def misshown(seen: Seen, stored: Stored) -> list[str]:
    """Return what this tab, at rest, shows otherwise than it is stored."""
    found = []
    by_id = {message["id"]: message for message in stored["messages"]}
    for article in seen["articles"]:
        message = by_id.get(article["id"])
        if message is None:
            found.append(f"{article} is shown and not stored")
        elif message["conversation"] != seen["place"]:
            found.append(f"{article} is shown in {seen['place']}")
        elif article["text"].split() != message["text"].split():
            found.append(f"{article} is shown, {message['text']!r} is stored")
        elif article["state"] != message.get("state") and article["role"] == "assistant":
            found.append(f"{article} is {message.get('state')}")
    ids = [article["id"] for article in seen["articles"]]
    if len(set(ids)) < len(ids):
        found.append(f"shown twice: {ids}")
    if seen["busy"] or any(article["busy"] for article in seen["articles"]):
        found.append("it is still busy")
    return found


def _drafts_with(word: str, tabs: dict[str, Seen], kind: str) -> list[tuple[str, str]]:
    return [
        (tab, place)
        for tab, seen in tabs.items()
        for place, draft in seen["drafts"].items()
        if word in _words_of(draft, kind)
    ]


def _copies_with(word: str, tabs: dict[str, Seen], stored: Stored) -> list[str]:
    """Return the copies of drafts, of tabs that are closed, that have this word."""
    living = {seen["tab"] for seen in tabs.values()}
    return [
        key
        for key, draft in stored["copies"].items()
        if key.split(":")[0] not in living
        and word in _words_of(draft, "text") | _words_of(draft, "edits")
    ]


def _files_left(tabs: dict[str, Seen], stored: Stored) -> set[str]:
    """Return the names of files in the copies of drafts, of tabs that are closed."""
    living = {seen["tab"] for seen in tabs.values()}
    return {
        file["name"]
        for key, draft in stored["copies"].items()
        if key.split(":")[0] not in living
        for each in draft.get("files", {}).values()
        for file in each
    }


def _words_of(draft: dict[str, Any], kind: str) -> set[str]:
    if kind == "text":
        return set(draft["text"].split())
    return {word for text in draft["edits"].values() for word in text.split()}
