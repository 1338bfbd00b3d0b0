"""What an answer costs: Claude's counts where they can be true, else the most that it can be.

Gateways count nothing, or 0, or below zero. A count that cannot be is as good as none; a later one
takes the place of an earlier one where it can be, and no count falls. What Claude writes unseen
(its thinking, of which a summary is shown, or nothing) is bounded by its time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from ..protocol.sse import Payload, quote
from . import tokens

#: What counts as read; thinking is part of what was written.
READ = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
#: Twice what the longest context holds; a larger count is an error of whoever counted.
_MOST = 2_000_000
#: Texts that follow each other within this time leave no time to write anything unseen.
_FLOW_SECONDS = 1.0
#: Text is weighed when so much of it has come, which costs less than weighing each.
_KEPT_BYTES = 1 << 12
#: A character is a byte at least, and in JSON at most so long: \\u0041.
_LONGEST_ESCAPE = 6


class Usage:
    """The counts of one answer, from the moment on in which it was asked for."""

    def __init__(self, least_read: int = 1, limit: int = _MOST) -> None:
        """``least_read`` is what the question takes at least, ``limit`` its ``max_tokens``."""
        self._least_read = max(1, least_read)
        self._limit = limit
        self._read: dict[str, int] = {}
        self._written = 0
        self._is_told = False  # what was written in all
        self._more: dict[str, int] = {}
        self._plain = bytearray()  # text as in JSON, not weighed yet
        self._bytes = 0  # of text, and the most tokens that it is
        self._text = 0
        self._thought = 0  # the same of the thinking that was shown
        self._unseen = 0.0  # seconds without text, until ``_at``
        self._at = time.monotonic()
        self._flows = False  # text came last

    def tell(self, usage: object, *, at_end: bool) -> None:
        """Take the counts of ``message_start``, or ``at_end`` those of ``message_delta``."""
        counts = _possible(usage)
        read = self._read | {name: counts.pop(name) for name in READ if name in counts}
        if sum(read.values()) >= max(self._least_read, sum(self._read.values())):
            self._read = read
        written = counts.pop("output_tokens", -1)
        if self._written <= written and (written <= self._limit or written <= self._shown()):
            self._written = written
            self._is_told |= at_end
        self._more |= counts

    def saw(self, payloads: Sequence[Payload]) -> None:
        """Take note of what Claude has written just now; the text is weighed when it has to be."""
        self._pass()
        plain = self._plain
        for payload in payloads:
            if type(payload) is bytes:  # nearly every one
                plain += payload[1:-1]
            else:
                self._saw(payload)
        self._flows = type(payload) is bytes or bool(payload.get("text"))  # type: ignore[union-attr]
        if len(plain) > _KEPT_BYTES:
            self._weigh()

    def _saw(self, fields: Any) -> None:
        if fields.get("text"):
            self._plain += quote(fields["text"])[1:-1]
        if fields.get("thinking"):
            self._thought += tokens.most(fields["thinking"].encode("utf-8", "surrogatepass"))

    def _shown(self) -> int:
        self._weigh()
        return self._text + self._thought

    def _weigh(self) -> None:
        text = json.loads(f'"{self._plain.decode()}"').encode("utf-8", "surrogatepass")
        self._plain.clear()
        self._bytes += len(text)
        self._text += tokens.most(text)

    def so_far(self) -> dict[str, Any]:
        """Return the counts of an answer that has not ended: the most that it can have cost."""
        self._flows = False  # what was written last may not have come
        self._pass()
        shown = self._shown()
        written = self._text + max(self._thought, tokens.most_written(self._unseen))
        written = min(written, max(self._limit, shown))
        return self._counts(max(1, self._written, written)) | {"estimated": True}

    def final(self) -> dict[str, Any]:
        """Return the counts of an answer that has ended, ``estimated`` where Claude told none."""
        size = self._bytes + -(-len(self._plain) // _LONGEST_ESCAPE)
        if not (self._is_told and self._written >= tokens.least(size)):
            return self.so_far()
        return self._counts(self._written) | ({} if self._read else {"estimated": True})

    def _counts(self, written: int) -> dict[str, Any]:
        more = {name: count for name, count in self._more.items() if count <= written}
        return {**self._read, "output_tokens": written, **more}

    def _pass(self) -> None:
        """Let the time until now have been one without text, but for the moment between two."""
        now = time.monotonic()
        if not self._flows or now - self._at >= _FLOW_SECONDS:
            self._unseen += now - self._at
        self._at = now


def _possible(usage: object) -> dict[str, int]:
    """Return the counts that can be, flattened: input, output, cache and thinking tokens."""
    usage = usage if isinstance(usage, dict) else {}
    details = usage.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else None
    counts = {"thinking_tokens": thought} | usage
    return {
        name: count
        for name, count in counts.items()
        if name.endswith("_tokens") and type(count) is int and 0 <= count <= _MOST
    }
