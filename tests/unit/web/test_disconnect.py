"""Noticing that the client of a response has left."""

import socket

from claude_sse.web import disconnect


def test_a_departed_client_is_noticed():
    """A client counts as gone as soon as it has closed its connection, and not before."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            gone = disconnect.watch({"gunicorn.socket": ours})
            assert not gone()
            client.close()
            assert gone()


def test_without_a_socket_the_client_counts_as_connected():
    """Under a server that does not hand over its socket the second write reports the departure."""
    assert not disconnect.watch({})()


def test_a_socket_without_the_option_is_monitored_too():
    """A socket that refuses TCP_USER_TIMEOUT fails no response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        assert not disconnect.watch({"gunicorn.socket": ours})()
