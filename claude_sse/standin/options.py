"""The options of each order: one that would change nothing is refused, as it is a slip."""

from collections.abc import Mapping

#: Of every answer that opens with a thought.
_SAID = "first_ms thinking"
#: Of the plain words.
_WORDS = f"texts gap_ms {_SAID}"
_FIRST_WORDS = f"after {_WORDS}"

#: The options of each order, by its name.
OPTIONS: dict[str, str] = {
    "bench": "n gap_us first_us pad",
    **dict.fromkeys(("unauthorized", "billing", "forbidden", "model_not_found"), "retry_after"),
    **dict.fromkeys(("bad_request", "too_large", "rate_limited"), "retry_after"),
    **dict.fromkeys(("spend_limit_400", "server_error", "overloaded"), "retry_after"),
    **dict.fromkeys(("spend_limit", "html", "empty", "silent_headers", "silent"), ""),
    "redirect": "to",
    "slow_headers": f"ms {_WORDS}",
    "pings": "every_ms thinking",
    **dict.fromkeys(("stall", "reset", "cut", "cut_chunk"), _FIRST_WORDS),
    "cut_at": f"byte clean {_WORDS}",
    "error_event": f"type {_FIRST_WORDS}",
    **dict.fromkeys(("bad_json", "bad_utf8", "bad_index"), _FIRST_WORDS),
    "huge": f"mb {_SAID}",
    **dict.fromkeys(("wrong_order", "after_stop", "unknown_events", "gzip", "http10"), _WORDS),
    **dict.fromkeys(("dribble", "slice"), f"n line_end texts {_SAID}"),
    "stop_reason": f"reason texts {_SAID}",
    "slow_close": f"ms {_WORDS}",
    "no_thinking": "texts gap_ms first_ms",
    "pace": _WORDS,
    **dict.fromkeys(("imitate", "echo"), _SAID),
    "say": "gap_ms",
    "search": "uses pauses pending error stall gap_ms thinking",
    "cite": "n kind early",
    "redacted": "",
}


def check(name: str, options: Mapping[str, str]) -> None:
    """Raise ``ValueError`` where the order has an option that it would not heed.

    With ``times=`` a fault also takes those of the plain words that come after it.
    """
    known = set(OPTIONS[name].split())
    if name != "bench":
        known |= {"times"}
    if "times" in options:
        known |= set(_WORDS.split())
    for option in options:
        if option not in known:
            takes = ", ".join(f"{one}=" for one in sorted(known)) or "none"
            raise ValueError(f"{name} does not know the option {option}=; it takes {takes}")
