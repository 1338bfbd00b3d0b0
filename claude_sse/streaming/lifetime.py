"""Why a stream ends before Claude says so: the reasons, their rules, and their last words.

Somebody stopped it, nobody reads it, Claude is silent, it takes too long, the server goes: each is
"end this writer", which means to cut its scope to Claude. The first reason given wins and becomes
the terminal frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..claude import CancelScope
from ..protocol import sse
from ..protocol.errors import AnswerFailed, Interrupted
from ..stream_log import Writer

#: Called once when a stream ends, with the usage that Claude told or that was estimated (None where
#: nothing is known of it), and whether Claude certainly did nothing for it.
OnEnd = Callable[[Mapping[str, Any] | None, bool], None]

LIFE_SECONDS = 30 * 60.0
#: Pings do not count: a server that only pings is as silent as one that sends nothing.
NO_CONTENT_SECONDS = 120.0

STOPPED = "stopped"
ABANDONED = "left"
DRAINED = "drained"
MAX_AGE = "too_old"
IDLE_TIMEOUT = "silent"
FAILED = "failed"
WRITER_DIED = "lost"

_SENTENCES = {
    ABANDONED: "This answer was ended because nobody was reading it.",
    DRAINED: "The server restarted in the middle of this answer; what came before is kept.",
    MAX_AGE: f"The answer took longer than {LIFE_SECONDS / 60:.0f} minutes and was ended.",
    IDLE_TIMEOUT: f"Claude sent no text for {NO_CONTENT_SECONDS:.0f} s, so the answer was ended.",
    WRITER_DIED: "The process that wrote this answer was lost; what came before is kept.",
    FAILED: "Something failed in the server during this answer; its log has the reason.",
}


class Lifetime:
    """Decides when and why one stream ends; any thread may ask and tell."""

    def __init__(self, scope: CancelScope, writer: Writer, orphan_seconds: float) -> None:
        self.scope = scope
        self._writer = writer
        self._orphan_seconds = orphan_seconds
        self._began_at = self._content_at = time.monotonic()
        self._alone_since: float | None = None
        self._lock = threading.Lock()
        self._reason: str | None = None

    def content(self) -> None:
        """Say that Claude sent something."""
        self._content_at = time.monotonic()

    def end(self, reason: str) -> None:
        """Cut the answer for this reason, unless another one came first."""
        with self._lock:
            self._reason = self._reason or reason
        self.scope.cancel()

    def reader_left(self) -> None:
        """End at once where a reader cannot come back and nobody else is there."""
        if self._orphan_seconds == 0.0 and not self._writer.has_readers():
            self.end(ABANDONED)

    def due(self, now: float) -> str | None:
        """Return the reason to end the stream now, if there is one; one that was given stays."""
        if self._reason is not None:
            return self._reason
        if now - self._began_at > LIFE_SECONDS:
            return MAX_AGE
        if now - self._content_at > NO_CONTENT_SECONDS:
            return IDLE_TIMEOUT
        if self._writer.has_readers():
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        elif now - self._alone_since >= self._orphan_seconds:
            return ABANDONED
        return None

    def terminal_frames(self, failure: AnswerFailed) -> list[Mapping[str, Any]]:
        """Return the last objects of a broken answer: why we ended it, else what went wrong."""
        if self._reason is None:
            return [failure.to_dict()]
        if self._reason == STOPPED:
            usage = {"usage": failure.usage} if failure.usage else {}
            return [{"text": "", "stop_reason": STOPPED, **usage}, sse.DONE]
        return [interrupted(self._reason, failure.usage)]


def interrupted(reason: str, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the terminal object of an answer that was ended for this reason."""
    failure = Interrupted(_SENTENCES[reason])
    if reason == IDLE_TIMEOUT and usage is None:  # Claude never began: there is nothing to continue
        failure.code = "timeout"
    failure.usage = usage
    return failure.to_dict()
