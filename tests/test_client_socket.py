"""The socket under a response."""

import socket

from claude_sse import client_socket


def test_a_client_that_leaves_is_seen():
    """Whether the client has left is told at once, and not before."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            gone = client_socket.watch({"gunicorn.socket": ours})
            assert not gone()
            client.close()
            assert gone()


def test_without_a_socket_nobody_is_gone():
    """A server that does not hand its socket over is told of by the second write."""
    assert not client_socket.watch({})()


def test_a_socket_without_the_option_is_watched_all_the_same():
    """What the kernel does not take for this socket is done without; no response fails for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        assert not client_socket.watch({"gunicorn.socket": ours})()
