"""What an answer costs: Claude's token counts if they are plausible, otherwise upper bounds.

Some gateways report no counts, or 0, or negative ones. An implausible count is ignored; a later
plausible count replaces an earlier one, and no count decreases. The tokens that are written but not
received (of thinking only a summary arrives, or nothing) are bounded by the time they take.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ..protocol.sse import Payload, quote
from . import tokens

#: How often Claude searched the web; a count of requests, not of tokens.
SEARCHES = "web_search_requests"
#: The counts of the input; thinking is part of ``output_tokens``.
READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
#: Twice the longest context; a larger count is implausible.
_MOST = 2_000_000
#: More in one request are implausible.
_MOST_SEARCHES = 1_000
#: Between texts that follow each other within this time, nothing else is written.
_FLOW_SECONDS = 1.0
#: Text is counted in batches of this size, which costs less than counting each text.
_BATCH_BYTES = 1 << 12
#: The longest form of a one-byte character in JSON: \\u0041.
_LONGEST_ESCAPE = 6


class Usage:
    """The token counts of one answer; its time begins with the request, when this is made."""

    def __init__(self, least_read: int = 1, limit: int = _MOST) -> None:
        """``least_read`` is a lower bound of the input tokens, ``limit`` is ``max_tokens``."""
        self._least_read = max(1, least_read)
        self._limit = limit
        self._read: dict[str, int] = {}
        self._written = 0
        self._is_final = False  # whether the final output count was received
        self._more: dict[str, int] = {}
        self._searches = 0  # those reported
        self._found = self._searching = 0  # those with a result, and those without one so far
        self._plain = bytearray()  # text as in JSON, not counted yet
        self._bytes = 0  # of the counted text, and the upper bound of its tokens
        self._text = 0
        self._thought = 0  # the upper bound of the thinking received
        self._unseen = 0.0  # seconds without text, until ``_at``
        self._at = time.monotonic()
        self._flows = False  # whether a text was received last

    def add_counts(self, usage: object, *, at_end: bool) -> None:
        """Add the counts of ``message_start``, or with ``at_end`` those of ``message_delta``."""
        counts = _possible(usage)
        searches = counts.pop(SEARCHES, 0)
        if self._searches < searches <= _MOST_SEARCHES:
            self._searches = searches
        read = self._read | {name: counts.pop(name) for name in READ if name in counts}
        if sum(read.values()) >= max(self._least_read, sum(self._read.values())):
            self._read = read
        written = counts.pop("output_tokens", -1)
        if self._written <= written and (
            written <= self._limit or written <= self._received_tokens()
        ):
            self._written = written
            self._is_final |= at_end
        self._more |= counts

    def add_payloads(self, payloads: Sequence[Payload]) -> None:
        """Add the payloads that Claude has just written."""
        self._add_time()
        plain = self._plain
        for payload in payloads:
            if type(payload) is bytes:  # nearly every one
                plain += payload[1:-1]
            else:
                self._add_fields(payload)
        self._flows = type(payload) is bytes or bool(payload.get("text"))  # type: ignore[union-attr]
        if len(plain) > _BATCH_BYTES:
            self._count_text()

    def _add_fields(self, fields: Any) -> None:
        if "activity" in fields:
            self._searching += -1 if "failed" in fields else 1
        elif "sources" in fields:
            self._searching -= 1
            self._found += 1
        if fields.get("text"):
            self._plain += quote(fields["text"])[1:-1]
        if fields.get("thinking"):
            self._thought += tokens.most(fields["thinking"].encode("utf-8", "surrogatepass"))

    def _received_tokens(self) -> int:
        self._count_text()
        return self._text + self._thought

    def _count_text(self) -> None:
        text = json.loads(f'"{self._plain.decode()}"').encode("utf-8", "surrogatepass")
        self._plain.clear()
        self._bytes += len(text)
        self._text += tokens.most(text)

    def so_far(self) -> dict[str, Any]:
        """Return the counts of an incomplete answer: the most that it can have cost."""
        self._flows = False  # the text written last may not have arrived
        self._add_time()
        shown = self._received_tokens()
        written = self._text + max(self._thought, tokens.most_written(self._unseen))
        written = min(written, max(self._limit, shown))
        begun = self._found + max(0, self._searching)
        return self._counts(max(1, self._written, written), begun) | {"estimated": True}

    def final(self) -> dict[str, Any]:
        """Return the counts of a complete answer, ``estimated`` if Claude reported none."""
        size = self._bytes + -(-len(self._plain) // _LONGEST_ESCAPE)
        if not (self._is_final and self._written >= tokens.least(size)):
            return self.so_far()
        return self._counts(self._written, self._found) | (
            {} if self._read else {"estimated": True}
        )

    def _counts(self, written: int, searches: int) -> dict[str, Any]:
        more = {name: count for name, count in self._more.items() if count <= written}
        searches = max(searches, self._searches)
        counts = {**self._read, "output_tokens": written, **more}
        return {**counts, SEARCHES: searches} if searches else counts

    def _add_time(self) -> None:
        """Count the time until now as time without text, unless it is the gap between two texts."""
        now = time.monotonic()
        if not self._flows or now - self._at >= _FLOW_SECONDS:
            self._unseen += now - self._at
        self._at = now


def total(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the counts of two requests for one answer; estimated if one of them is."""
    names = dict.fromkeys([*one, *other])
    counts = {name: one.get(name, 0) + other.get(name, 0) for name in names if name != "estimated"}
    return counts | ({"estimated": True} if "estimated" in names else {})


def _possible(usage: object) -> dict[str, int]:
    """Return the plausible counts, flattened: tokens read, written, cached, thought; searches."""
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else None
    tools = usage.get("server_tool_use")
    searches = tools.get(SEARCHES) if isinstance(tools, dict) else None
    counts = {"thinking_tokens": thought} | usage | {SEARCHES: searches}
    return {
        name: count
        for name, count in counts.items()
        if name.endswith(("_tokens", SEARCHES)) and type(count) is int and 0 <= count <= _MOST
    }
