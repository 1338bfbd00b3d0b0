"""Chats: a chat is known by its newest stream, which it has until another question is asked.

For clients that name a chat instead of a stream. The server keeps streams and no chats: a name of
an owner leads to a stream, on every worker, for as long as the stream is stored.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ..protocol.errors import NotFound, Unavailable
from ..stream_log import Reader, StreamLog
from .streams import Streams


class Chats:
    """Every chat of this installation; thread-safe."""

    def __init__(self, log: StreamLog, streams: Streams) -> None:
        self._log = log
        self._streams = streams

    def end_newest(self, owner: str, chat: str, gone: Callable[[], bool]) -> None:
        """Stop the newest stream of a chat where it still runs, and forget it.

        A question that is refused afterwards is not answered by an older answer. See
        ``Streams.stop`` for ``gone``; raises ``Unavailable``.
        """
        key = self._log.take_newest(owner, chat)
        if key is not None:
            self._stop(key, gone)

    def start(self, owner: str, chat: str, key: str, start: Callable[[], Reader]) -> Reader:
        """Return ``start()``, the reader of a new stream, which is the newest of the chat now.

        Another stream that was started meanwhile is stopped. Raises what ``start`` raises, and
        ``Unavailable``.
        """
        reader = start()
        try:
            former = self._log.set_newest(owner, chat, key)
        except Unavailable:
            reader.close()
            self._stop(key, _without_waiting)
            raise
        if former is not None:
            self._stop(former, _without_waiting)
        return reader

    def newest(self, owner: str, chat: str) -> str | None:
        """Return the key of the newest stream of a chat, running or ended; raises ``Unavailable``.

        None where the chat is unknown: it is another owner's, or expired, or there is no such chat.
        """
        return self._log.newest(owner, chat)

    def stop(
        self, owner: str, chat: str, only: str | None, gone: Callable[[], bool]
    ) -> dict[str, Any]:
        """Stop the newest stream of a chat and return how it ended; see ``Streams.stop``.

        Where the key ``only`` is given and is not the newest stream's, nothing is stopped.
        """
        key = self.newest(owner, chat)
        if key is None or only not in (None, key):
            return {"ended": True}
        try:
            return self._streams.stop(key, gone)
        except NotFound:  # removed meanwhile
            return {"ended": True}

    def _stop(self, key: str, gone: Callable[[], bool]) -> None:
        with contextlib.suppress(NotFound):
            self._streams.stop(key, gone)


def _without_waiting() -> bool:
    return True
