"""How long a stream may live, and the terminal frames of one that is ended early.

A stream is ended early because a client stopped it, no reader is left, Claude is silent, the answer
takes too long, or the server shuts down. Each of these is a cancel cause: it cancels the scope,
which ends the connection to Claude. The first cause wins and becomes the terminal frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..claude import CancelScope
from ..protocol import sse
from ..protocol.errors import AnswerFailed, Interrupted

#: Called once when a stream ends, with the usage that Claude reported or that was estimated (None
#: where nothing is known), and whether Claude certainly did no work for it.
OnEnd = Callable[[Mapping[str, Any] | None, bool], None]

LIFE_SECONDS = 30 * 60.0
#: Pings do not count: a server that only sends pings is as silent as one that sends nothing.
NO_CONTENT_SECONDS = 120.0

STOPPED = "stopped"
ABANDONED = "abandoned"
DRAINED = "drained"
MAX_AGE = "max_age"
IDLE_TIMEOUT = "idle_timeout"
FAILED = "failed"
WRITER_DIED = "writer_died"
LOG_AWAY = "log_away"

_SENTENCES = {
    ABANDONED: "The answer was ended because no client was reading it.",
    DRAINED: "The server restarted during this answer; the text received so far is kept.",
    MAX_AGE: f"The answer took longer than {LIFE_SECONDS / 60:.0f} minutes and was ended.",
    IDLE_TIMEOUT: f"Claude sent no text for {NO_CONTENT_SECONDS:.0f} s, so the answer was ended.",
    WRITER_DIED: "The process that wrote this answer died; the text received so far is kept.",
    LOG_AWAY: "The server cannot read this answer at the moment; the text received so far is kept.",
    FAILED: "The server failed during this answer; its log has the reason.",
}


class Lifetime:
    """Decides when and why one stream is ended early; thread-safe."""

    def __init__(self, scope: CancelScope, grace_seconds: float) -> None:
        """Without readers the stream goes on for ``grace_seconds``."""
        self.scope = scope
        self.grace_seconds = grace_seconds
        self._started_at = self._content_at = time.monotonic()
        self._without_readers_since: float | None = None
        self._lock = threading.Lock()
        self._cause: str | None = None

    def note_content(self) -> None:
        """Record that Claude sent content."""
        self._content_at = self.scope.received_at  # which saves reading the clock

    @property
    def cause(self) -> str | None:
        """The cause that ended the stream early, or None."""
        return self._cause

    def cancel(self, cause: str) -> None:
        """End the stream for this cause, unless another one came first."""
        with self._lock:
            self._cause = self._cause or cause
        self.scope.cancel()

    def due(self, now: float, has_readers: bool) -> str | None:
        """Return the cause to cancel the stream for now, or None; a cause that was set stays."""
        if self._cause is not None:
            return self._cause
        if now - self._started_at > LIFE_SECONDS:
            return MAX_AGE
        if now - self._content_at > NO_CONTENT_SECONDS:
            return IDLE_TIMEOUT
        if has_readers:
            self._without_readers_since = None
        elif self._without_readers_since is None:
            self._without_readers_since = now
        elif now - self._without_readers_since >= self.grace_seconds:
            return ABANDONED
        return None

    def terminal_frames(self, failure: AnswerFailed) -> list[Mapping[str, Any]]:
        """Return the last objects of an answer that broke off.

        They tell the cancel cause, which made the answer fail, or ``failure`` where there is none.
        """
        if self._cause is None:
            return [failure.to_dict()]
        if self._cause == STOPPED:
            usage = {"usage": failure.usage} if failure.usage else {}
            return [{"text": "", "stop_reason": STOPPED, **usage}, sse.DONE]
        return [interrupted(self._cause, failure.usage)]


def interrupted(cause: str, usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the terminal object of an answer that was ended for this cause."""
    failure = Interrupted(_SENTENCES[cause])
    if cause == IDLE_TIMEOUT and usage is None:  # Claude never began, so nothing can be continued
        failure.code = "timeout"
    failure.usage = usage
    return failure.to_dict()
