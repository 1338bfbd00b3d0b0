"""The end of a client's connection."""

import socket
from collections.abc import Iterator

import pytest
from gunicorn.config import Config

from claude_sse.server.connection import Connection
from claude_sse.web.disconnect import Client


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection as the worker accepts it, and its client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            client.settimeout(10)
            sock, address = listener.accept()
            yield Connection(Config(), sock, address, listener.getsockname()), client


def test_a_closed_connection_ends_in_order(ends):
    """The client reads its response to the end, also where it has sent more than was read."""
    connection, client = ends
    client.sendall(b"x" * 1000)
    connection.sock.setblocking(True)
    assert connection.sock.recv(1) == b"x"
    connection.sock.sendall(b"the response")
    connection.close(graceful=True)
    assert client.recv(99) == b"the response"
    assert client.recv(99) == b""


def test_a_response_that_broke_off_is_reset(ends):
    """A client that would take the end of the connection for the end of the body sees a reset."""
    connection, client = ends
    Client({"gunicorn.socket": connection.sock}).reset()
    connection.close(graceful=True)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_connection_is_closed_twice_without_harm(ends):
    """The file descriptor of a closed connection may belong to another one."""
    connection, client = ends
    connection.close()
    connection.close()
    assert client.recv(1) == b""
