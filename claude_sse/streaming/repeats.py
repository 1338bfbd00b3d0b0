"""Repeats: a client that repeats a request by itself is led to the stream that it has started.

For clients that send no id, but say that they repeat: then the body is the id. The same
question, asked again by its user, gets an answer of its own.
"""

from __future__ import annotations

from ..stream_log import StreamLog


class Repeats:
    """The newest stream of each body of an owner, on every worker; thread-safe."""

    def __init__(self, log: StreamLog) -> None:
        self._log = log

    def find(self, owner: str, digest: str) -> str | None:
        """Return the key of the stream that was started last with this body, if it is stored.

        Raises ``Unavailable``.
        """
        return self._log.newest(owner, _name(digest))

    def note(self, owner: str, digest: str, key: str) -> None:
        """Note that the stream with this key was started with this body; raises ``Unavailable``."""
        self._log.set_newest(owner, _name(digest), key)


def _name(digest: str) -> str:
    return f"body {digest}"
