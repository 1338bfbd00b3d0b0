"""The orders of answers that carry more than text and thinking, by name."""

from collections.abc import Callable

from .messages import closed, delta, end, opened, start
from .orders import Order
from .returned import REDACTED
from .sources import Passage, Search, cited, searched
from .wire import Reply, Step


def search(order: Order) -> Reply:
    plan = Search(
        order.count("uses", 1),
        order.count("pauses", 0),
        bool(order.count("pending", 0)),
        order.options.get("error", ""),
        bool(order.count("stall", 0)),
    )
    texts = [Passage("It says "), Passage("this", 1), Passage(" and "), Passage("that", 2)]
    return Reply(searched(order, plan, texts, order.number("gap_ms", 0) / 1000))


def cite(order: Order) -> Reply:
    texts = (Passage(f"fact {n} ", n) for n in range(1, order.count("n", 2) + 1))
    kind = order.options.get("kind", "char")
    return Reply(cited(order, texts, kind, early=bool(order.count("early", 0))))


def redacted(order: Order) -> Reply:
    hidden = opened(0, type="redacted_thinking", data=REDACTED) + closed(0)
    texts = opened(1, type="text", text="") + delta(1, "text_delta", text="word0 ") + closed(1)
    steps = [start(order), Step(hidden), Step(texts, "word0 ")]
    return Reply([*steps, end(order, {"stop_reason": "end_turn"}, 2, 8)])


CARRIED: dict[str, Callable[[Order], Reply]] = {
    "search": search,
    "cite": cite,
    "redacted": redacted,
}
