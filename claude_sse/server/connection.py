"""One client's connection: how its question is waited for, and how it ends.

Each method overrides one of ``gthread``'s ``TConn`` (gunicorn 27).
"""

from __future__ import annotations

import contextlib
import select
import socket
import time
from typing import Any

from gunicorn.http.message import Request  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from ..system import syscalls

#: For so long a refused body is read and forgotten, so that its sender reads why; ...
_REFUSED_BODY_SECONDS = 3.0
#: ... and for so long its sender may pause.
_REFUSED_SILENCE_SECONDS = 0.5
_READ_BYTES = 65_536


class _Request(Request):  # type: ignore[misc]
    """A request that is believed nothing; gunicorn looks up who may be, which is nobody here."""

    def _peer_is_trusted_proxy(self) -> bool:
        return False


class Connection(TConn):  # type: ignore[misc]
    """One client's connection."""

    counted_in: set[Connection]

    def init(self) -> None:
        """Begin to read; see ``_Request``."""
        super().init()
        self.parser.mesg_class = _Request

    def wait_for_data(self, timeout: float) -> bool:
        """Tell whether the client speaks in time; gunicorn makes an epoll for each to see it."""
        if syscalls.has_come(self.sock.fileno()):
            return True
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        return bool(poller.poll(timeout * 1000))

    def close(self, graceful: bool = False) -> None:
        """Close it at once; gunicorn waits for the client's close, 2 s for each that does not.

        What has come and was not read is read first: closing over it would reset the connection
        before the client has read its answer.
        """
        fd = self.sock.detach()
        syscalls.forget(fd)
        syscalls.shutdown(fd, socket.SHUT_RDWR)
        syscalls.close(fd)
        self.counted_in.discard(self)


def read_refused_body(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Read the rest of the body behind a refusal; gunicorn's ``post_request`` hook.

    A question may be refused before it has come (401, 413): closing over the rest would reset the
    connection before the client has read why.
    """
    if resp is None or resp.status_code < 400:
        return
    deadline = time.monotonic() + _REFUSED_BODY_SECONDS
    with contextlib.suppress(Exception):  # a broken body, or nobody who sends it
        # A read waits for all that it asked for: whoever sends it byte by byte is cut off.
        worker.deadlines.expect(environ["gunicorn.socket"], _REFUSED_BODY_SECONDS)
        environ["gunicorn.socket"].settimeout(_REFUSED_SILENCE_SECONDS)
        while req.body.read(_READ_BYTES) and time.monotonic() < deadline:
            pass
