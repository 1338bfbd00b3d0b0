"""What the stand-in says when all is well: readable answers, plain words, clocks."""

import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .api import Json
from .blocks import Seen, files_of_question
from .messages import clocks, message
from .orders import Order
from .sources import Passage, Search, searched
from .wire import Step

ANSWERS = Path(__file__).parent / "answers"
#: The first whose words occur in the question answers; otherwise the greeting or the follow-up.
#: The examples of the page in its other languages are among them; the answers are English.
CHOICES = {
    "longest": r"longest|längste",
    "tea": r"tea|coffee|tee|kaffee",
    "moving": r"moving|house|umzug",
    "physics": r"physics|math\w*|formulas?|equations?|pendulum|latex",
    "think": r"think\w*|puzzle|riddle|reason\w*|rätsel",
    "code": r"code|python|javascript|rust|sql|shell|function|program\w*",
    "table": r"tables?|compare|comparison",
    "long": r"long|essay|article",
    "unicode": r"unicode|scripts?|languages?|emoji|japanese|arabic|hindi|greek|hebrew",
    "lists": r"lists?|tasks?|todo|links?|steps|markdown",
}

#: In the question of an answer that searches, where the request has the tool.
_SEARCHING = re.compile(r"\b(search\w*|news|latest|sources?|web)\b", re.IGNORECASE)
_MARK = re.compile(r"\[(\d)\]")


def answer(order: Order) -> Iterator[Step]:
    """Return the readable answer that the question's words choose, at the pace of a model."""
    if "tools" in order.body and _SEARCHING.search(order.prompt):
        return searched(order, Search(), _passages(_read("search")), gap=0.02)
    chance = random.Random(order.prompt)
    name = _choice(order)
    text = "".join(map(_shown, files_of_question(order.body))) + _text(order, name)
    limit = 4 * int(order.body["max_tokens"])
    stop = {"stop_reason": "max_tokens"} if len(text) > limit else None
    thoughts = _thoughts(order, name, chance)
    texts = _paced(text[:limit], chance)
    return message(order, texts, first=0.2, thinking=thoughts, stop=stop)


def words(order: Order) -> Iterator[Step]:
    """Return an answer of ``texts`` plain words, ``gap_ms`` apart, the first after ``first_ms``."""
    gap = order.number("gap_ms", 10) / 1000
    count = order.count("texts", order.count("after", 0) + 10)
    texts = ((f"word{n} ", gap) for n in range(count))
    return said(order, texts)


def said(
    order: Order, texts: Iterable[tuple[str, float]], stop: Json | None = None
) -> Iterator[Step]:
    """Return an answer of ``texts``, after a short thought unless request or order say no."""
    first = order.number("first_ms", 0) / 1000
    return message(order, texts, first=first, thinking=_short_thought(order), stop=stop)


def text_index(order: Order) -> int:
    """Return the index of the text's block in what ``said`` returns."""
    return 0 if _short_thought(order) is None else 1


def bench(order: Order) -> Iterator[Step]:
    """Return ``n`` texts ``gap_us`` apart, each opening with the clock at which it was written."""
    first, gap = order.number("first_us", 0) / 1e6, order.number("gap_us", 0) / 1e6
    return clocks(order.body, order.count("n", 50), first, gap, "x" * order.count("pad", 4))


def _short_thought(order: Order) -> list[tuple[str, float]] | None:
    shown = order.thinking_shown
    if shown == "none":
        return None
    return [("Let me ", 0.0), ("think.", 0.0)] if shown == "summarized" else []


def _shown(file: Seen) -> str:
    """Return the sentence of the demo that says what it was shown."""
    name = f" *{file.title}*" if file.title else ""
    size = f"{file.bytes:,} bytes"
    if file.width:
        kind = file.kind.removeprefix("image/").upper()
        return f"You sent me an image: {kind}, {file.width} x {file.height} pixels, {size}.\n\n"
    pages = f" of {file.pages} page{'s' if file.pages > 1 else ''}" if file.pages else ""
    kind = "PDF" if file.pages else "text"
    return f"You sent me a {kind}{pages}{name}: {size}.\n\n"


def _choice(order: Order) -> str:
    asked = order.prompt.lower()
    for name, pattern in CHOICES.items():
        if re.search(rf"\b({pattern})\b", asked):
            return name
    if files_of_question(order.body):
        return "files"
    return "followup" if _turns(order) > 1 else "hello"


def _text(order: Order, name: str) -> str:
    text = _read(name)
    return text.format_map(_Seen(order)) if name in ("followup", "files") else text


def _turns(order: Order) -> int:
    return sum(1 for message in order.body["messages"] if message["role"] == "user")


class _Seen(dict[str, Any]):
    """The words that an answer may quote from the conversation."""

    def __init__(self, order: Order) -> None:
        question = " ".join(order.prompt.split())
        short = question if len(question) <= 120 else question[:117] + "..."
        super().__init__(question=short, turns=_turns(order), model=order.body["model"])


@cache
def _read(name: str) -> str:
    return (ANSWERS / f"{name}.md").read_text(encoding="utf-8")


def _passages(text: str) -> Iterator[Passage]:
    """Yield the passages of a text in which ``[n]`` ends one that cites page n."""
    *marked, rest = _MARK.split(text)
    for passage, source in zip(marked[::2], marked[1::2], strict=True):
        before, blank, cited = passage.rpartition("\n\n")
        if blank:
            yield Passage(before + blank)
        yield Passage(cited, int(source))
    yield Passage(rest)


def _thoughts(order: Order, name: str, chance: random.Random) -> Iterable[tuple[str, float]] | None:
    shown = order.thinking_shown
    if shown != "summarized":
        return [] if shown == "omitted" else None
    own = ANSWERS / f"{name}.thinking.md"
    return _paced(_read(f"{name}.thinking" if own.exists() else "hello.thinking"), chance)


def _paced(text: str, chance: random.Random) -> Iterator[tuple[str, float]]:
    """Yield ``text`` in payloads of 6 to 20 characters, mostly whole words, 40 to 80 a second."""
    at = 0
    while at < len(text):
        end = at + chance.randint(6, 13)
        space = text.find(" ", end, end + 7)  # a model's words open with their space
        end = end if space < 0 else space
        yield text[at:end], chance.uniform(0.008, 0.026)
        at = end
