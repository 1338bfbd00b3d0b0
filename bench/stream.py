"""One stream as the load generator reads it: HTTP's chunks undone, stamps found, silences timed."""

from __future__ import annotations

import re
import time

#: Every text opens with the microsecond at which it was written, whatever frame it travels in.
_STAMP = re.compile(rb'"text": ?"([0-9]{16}) ')
_END = b"0\r\n"


class Stream:
    """The bytes of one response; ``feed`` returns True when the response is over."""

    def __init__(self, started: float) -> None:
        self.started = started  # by time.monotonic, as every moment here
        self.status = b""
        self.last = b""  # of what was read, for the day something is wrong
        self.texts = 0
        self.bytes = 0
        self.first: float | None = None
        self.late: list[int] = []  # microseconds under way, one for each text
        self.beats: list[float] = []  # seconds of silence before each comment
        self.marks: list[float] = []  # time.time of every text that asks for one
        self.mark_every = 0
        self._heard = started
        self._raw = b""
        self._line = b""
        self._chunked = False

    def feed(self, data: bytes) -> bool:
        now_us, now = time.time_ns() // 1000, time.monotonic()
        self.bytes += len(data)
        self._raw += data
        if not self.status and not self._take_head():
            return False
        content, over = self._dechunk() if self._chunked else (self._raw, False)
        if not self._chunked:
            self._raw = b""
        if content:
            self._take_lines(self._line + content, now_us, now)
        return over

    def _take_head(self) -> bool:
        head, found, rest = self._raw.partition(b"\r\n\r\n")
        if found:
            self.status = head[9:12]
            self._chunked = b"transfer-encoding: chunked" in head.lower()
            self.last = head[-200:]
            self._raw = rest
        return bool(found)

    def _dechunk(self) -> tuple[bytes, bool]:
        raw, at, parts, over = self._raw, 0, [], False
        while (line := raw.find(b"\r\n", at)) >= 0:
            size = int(raw[at:line], 16)
            end = line + 2 + size + 2
            if end > len(raw):
                break
            parts.append(raw[line + 2 : end - 2])
            at, over = end, size == 0
            if over:
                break
        self._raw = raw[at:]
        return b"".join(parts), over

    def _take_lines(self, content: bytes, now_us: int, now: float) -> None:
        cut = content.rfind(b"\n") + 1
        lines, self._line = content[:cut], content[cut:]
        stamps = _STAMP.findall(lines)
        if stamps:
            if self.first is None:
                self.first = now - self.started
            self.late += [now_us - int(stamp) for stamp in stamps]
            before, self.texts = self.texts, self.texts + len(stamps)
            if self.mark_every and self.texts // self.mark_every > before // self.mark_every:
                self.marks.append(time.time())
        elif lines.startswith(b":"):
            self.beats.append(now - self._heard)
        if lines:
            self._heard = now
            self.last = lines[-200:]
