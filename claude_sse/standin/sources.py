"""Answers that cite: what they searched on the web, and the documents of the question.

A turn is paused after each search that the order says; the next request then holds all that was
written so far, and the answer goes on from there.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from .api import Json
from .messages import closed, delta, end, event, opened, signature, start
from .orders import Order
from .wire import FOREVER, Step

#: The pages that every search finds: address, title, age.
PAGES = (
    (
        "https://html.spec.whatwg.org/multipage/server-sent-events.html",
        "HTML Standard: Server-sent events",
        "October 20, 2026",
    ),
    ("https://www.rfc-editor.org/rfc/rfc9112.html", "RFC 9112: HTTP/1.1", "June 6, 2022"),
    ("https://flask.palletsprojects.com/en/stable/patterns/streaming/", "Streaming Contents", None),
)
#: The tokens that the results of one search add to the input.
RESULT_TOKENS = 1_500


class Passage(NamedTuple):
    """A text, and the number of the page or document that it cites (from 1; 0: none)."""

    text: str
    source: int = 0


class Search(NamedTuple):
    """What happens before the texts of a searching answer."""

    uses: int = 1
    #: How often the turn is paused, once after each of the first searches.
    pauses: int = 0
    #: The pause comes before the result of its search.
    is_pending: bool = False
    #: The code of the error that every search ends with.
    error: str = ""
    #: Silence before the texts.
    stalls: bool = False


def searched(
    order: Order, search: Search, passages: Iterable[Passage], gap: float = 0.0
) -> Iterator[Step]:
    """Yield an answer that searches, then says ``passages`` with their citations."""
    written = Written(order)
    yield start(order)
    done, pending = _progress(order.body)
    if pending:
        yield written.result(pending, search.error)
    for n in range(done + bool(pending), search.uses if written.may_search else 0):
        if order.thinking_shown != "none":
            yield written.thought(f"I will search for it ({n + 1}).")
        yield written.use(f"srvtoolu_{n:024}", " ".join(order.prompt.split())[:80])
        if n < search.pauses and search.is_pending:
            yield written.end("pause_turn")
            return
        yield written.result(f"srvtoolu_{n:024}", search.error, gap)
        if n < search.pauses:
            yield written.end("pause_turn")
            return
    if search.stalls:
        yield Step(pause=FOREVER)
    for passage in passages:
        yield from written.passage(passage, gap)
    yield written.end("end_turn")


def cited(order: Order, passages: Iterable[Passage], kind: str, *, early: bool) -> Iterator[Step]:
    """Yield an answer that cites documents by ``kind`` (char, page, block), or the web."""
    written = Written(order, kind, early=early)
    yield start(order)
    for passage in passages:
        yield from written.passage(passage, 0.0)
    yield written.end("end_turn")


class Written:
    """The blocks of one response, each with the next index, and what they cost."""

    def __init__(self, order: Order, kind: str = "web", *, early: bool = False) -> None:
        self._order, self._kind, self._early = order, kind, early
        tools = order.body.get("tools") or [{}]
        self._uses_left = tools[0].get("max_uses") or 0 if "tools" in order.body else 0
        choice = (order.body.get("tool_choice") or {}).get("type")
        self.may_search = "tools" in order.body and choice != "none"
        self._index = self._used = self._tokens = self._thought = 0

    def thought(self, text: str) -> Step:
        shown = text if self._order.thinking_shown == "summarized" else ""
        self._thought += len(text) // 4
        return self._block(
            opened(self._index, type="thinking", thinking="", signature="")
            + (delta(self._index, "thinking_delta", thinking=shown) if shown else b"")
            + delta(self._index, "signature_delta", signature=signature(shown))
        )

    def use(self, name: str, query: str) -> Step:
        block = {"type": "server_tool_use", "id": name, "name": "web_search", "input": {}}
        given = json.dumps({"query": query})
        parts = ["", given[:7], given[7:]]
        deltas = (delta(self._index, "input_json_delta", partial_json=part) for part in parts)
        self._tokens += len(given) // 4
        return self._block(opened(self._index, **block) + b"".join(deltas))

    def result(self, use: str, error: str, gap: float = 0.0) -> Step:
        if self._uses_left <= 0:
            error = error or "max_uses_exceeded"
        self._uses_left -= 1
        self._used += not error
        content: Any = [_result(*page) for page in PAGES]
        if error:
            content = {"type": "web_search_tool_result_error", "error_code": error}
        block = {"type": "web_search_tool_result", "tool_use_id": use, "content": content}
        return self._block(event("ping") + opened(self._index, **block), pause=gap)

    def passage(self, passage: Passage, gap: float) -> Iterator[Step]:
        text, source = passage
        self._tokens += len(text) // 4 + 1
        cites: Json = {"citations": []} if source else {}
        yield Step(opened(self._index, type="text", text="", **cites))
        citation = self._citation(source) if source else b""
        if self._early:
            yield Step(citation)
        for at in range(0, len(text), 12):
            part = text[at : at + 12]
            yield Step(delta(self._index, "text_delta", text=part), part, gap)
        yield self._block(b"" if self._early else citation)

    def end(self, reason: str) -> Step:
        order = self._order
        used: Json = {}
        if "tools" in order.body:
            used["server_tool_use"] = {
                "web_search_requests": self._used,
                "web_fetch_requests": 0,
            }
        used["input_tokens"] = order.read["input_tokens"] + RESULT_TOKENS * self._used
        return end(order, {"stop_reason": reason}, self._tokens, self._thought, **used)

    def _block(self, data: bytes, pause: float = 0.0) -> Step:
        self._index += 1
        return Step(data + closed(self._index - 1), pause=pause)

    def _citation(self, source: int) -> bytes:
        citation = _cite_page(source) if self._kind == "web" else _cite(self._kind, source)
        return delta(self._index, "citations_delta", citation=citation)


def _result(url: str, title: str, age: str | None) -> Json:
    sealed = {"encrypted_content": seal(url), "page_age": age}
    return {"type": "web_search_result", "url": url, "title": title, **sealed}


def _cite_page(source: int) -> Json:
    url, title, _ = PAGES[source - 1]
    words = {"url": url, "title": title, "cited_text": f"What {title} says."}
    return {"type": "web_search_result_location", **words, "encrypted_index": seal(url + title)}


def _cite(kind: str, source: int) -> Json:
    name = "page_number" if kind == "page" else f"{kind}_index"
    place = {"document_index": source - 1, "document_title": f"Document {source}"}
    place |= {f"start_{name}": 2, f"end_{name}": 5, "file_id": None}
    name = "content_block_location" if kind == "block" else f"{kind}_location"
    return {"type": name, "cited_text": "What it says.", **place}


def seal(text: str) -> str:
    """Return what only the API can make: it must come back as it was sent."""
    return "Eo8BCioIARgC" + hashlib.sha256(text.encode()).hexdigest()


def _progress(body: Json) -> tuple[int, str]:
    """Return the searches that a continued turn has results of, and the one that has none yet."""
    last = body["messages"][-1]
    content = last["content"] if last["role"] == "assistant" else []
    kinds = [block["type"] for block in content]
    done = kinds.count("web_search_tool_result")
    pending = [block["id"] for block in content if block["type"] == "server_tool_use"][done:]
    return done, pending[0] if pending else ""
