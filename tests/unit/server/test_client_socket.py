"""The socket of one client."""

import socket
import threading

import pytest

from claude_sse.server.client_socket import ClientSocket


@pytest.fixture
def ends():
    """The socket of a client as the worker accepts it, and the client."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            client.settimeout(10)
            ours, _ = ClientSocket.accept_from(listener)
            with ours:
                yield ours, client


def test_a_frame_leaves_immediately(ends):
    """Neither a text nor the head of a response waits for what follows it."""
    ours, client = ends
    for data in (b"HTTP/1.1 200 OK\r\n\r\n", b'1B\r\nid: 1\ndata: {"text":"}}"}\n\n\r\n'):
        ours.sendall(data)
        assert client.recv(99) == data


def test_what_the_kernel_cannot_buffer_is_waited_for(ends):
    """A response of many megabytes arrives whole at a client that reads slowly."""
    ours, client = ends
    whole = bytes(range(256)) * 40_000
    sending = threading.Thread(target=ours.sendall, args=(whole,))
    sending.start()
    received = bytearray()
    while len(received) < len(whole):
        received += client.recv(65_536)
    sending.join(10)
    assert received == whole


def test_the_socket_stays_blocking(ends):
    """gunicorn switches the mode of each connection; only threads read this one, so it blocks."""
    ours, _ = ends
    ours.setblocking(False)
    assert ours.getblocking()
