"""A response that is broken off: the client sees an error, the log no traceback."""

from __future__ import annotations

import pytest

from claude_sse.standin import StandIn

from .client import connect, request
from .running import Server, new_id, serve


def read_all(server: Server, path: str) -> bytes:
    """Return everything that the server sends; raises ``ConnectionResetError``."""
    received = b""
    with connect(server.port) as sock:
        sock.sendall(request("GET", path, None))
        while chunk := sock.recv(1 << 16):
            received += chunk
            if received.endswith(b"\r\n0\r\n\r\n"):
                break
    return received


def test_what_a_dialect_breaks_off_is_a_reset_without_a_traceback(
    standin: StandIn, nonce: str
) -> None:
    """Whole answers end as HTTP has it; incomplete ones in a reset, and one line in the log."""
    with serve(standin, app="tests.plain_text:make_app()") as [server]:
        whole, broken = new_id(), new_id()
        with server.put(whole, f"fault pace texts=3 {nonce}") as answer:
            answer.rest()
        with server.put(broken, f"fault cut after=3 {nonce}") as answer:
            answer.rest()
        assert b"word0 " in read_all(server, f"/text/{whole}")
        for _ in range(3):
            with pytest.raises(ConnectionResetError):
                read_all(server, f"/text/{broken}")
        assert b"word0 " in read_all(server, f"/text/{whole}")  # it still serves
        assert server.log().count("response broken off: interrupted") == 3
