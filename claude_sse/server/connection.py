"""One client's connection: whom its request may speak for, and how the connection is closed."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

from ..system import syscalls
from .gunicorn_internals import Request, TConn

#: How long a refused body is read and discarded, so that its sender gets to read the refusal.
_REFUSED_BODY_SECONDS = 10.0
#: How long its sender may pause.
_REFUSED_SILENCE_SECONDS = 0.5
_READ_BYTES = 65_536


class _Request(Request):  # type: ignore[misc]
    """A request whose peer is never a trusted proxy: the app knows its proxies itself.

    gthread trusts loopback unless it is configured otherwise.
    """

    def _peer_is_trusted_proxy(self) -> bool:
        return False


class Connection(TConn):  # type: ignore[misc]
    """One client's connection."""

    def init(self) -> None:
        """Prepare to read; see ``_Request``."""
        super().init()
        self.parser.mesg_class = _Request

    def close(self, graceful: bool = False) -> None:
        """Close immediately, without a reset unless the app has asked for one (SO_LINGER).

        gthread waits in the accept loop until the client closes, 2 s for each that does not. What
        the client has sent and nothing has read is discarded first: closing over it would reset
        the connection before the client has read its response.
        """
        resets = self._is_reset_on_close()
        fd = self.sock.detach()
        if not resets:  # after a FIN the client would not see the reset
            syscalls.forget(fd)
            syscalls.shutdown(fd, socket.SHUT_RDWR)
        syscalls.close(fd)

    def _is_reset_on_close(self) -> bool:
        try:
            return bool(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER))
        except OSError:  # it has been closed
            return False


def read_refused_body(worker: Any, req: Any, environ: Any, resp: Any) -> None:
    """Read the rest of the body after a refusal; gunicorn's ``post_request`` hook.

    A request may be refused before its body has arrived (401, 413): closing over the rest would
    reset the connection before the client has read the refusal.
    """
    if resp is None or resp.status_code < 400:
        return
    deadline = time.monotonic() + _REFUSED_BODY_SECONDS
    with contextlib.suppress(Exception):  # a malformed body, or a client that has left
        # A read waits for all of its bytes: a client that sends them one by one is cut off.
        worker.request_timeouts.start(environ["gunicorn.socket"], _REFUSED_BODY_SECONDS)
        environ["gunicorn.socket"].settimeout(_REFUSED_SILENCE_SECONDS)
        while req.body.read(_READ_BYTES) and time.monotonic() < deadline:
            pass
