"""Noticing that the client of a response has left."""

import socket

import pytest

from claude_sse.web.disconnect import Client


def test_a_departed_client_is_noticed():
    """A client counts as gone as soon as it has closed its connection, and not before."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        far = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        with ours:
            client = Client({"gunicorn.socket": ours})
            assert not client.has_left()
            far.close()
            assert client.has_left()


def test_without_a_socket_the_client_counts_as_connected():
    """Under a server that does not pass its socket the second write reports the departure."""
    client = Client({})
    client.reset()
    assert not client.has_left()


def test_a_socket_without_the_options_is_monitored_too():
    """A socket that refuses TCP_USER_TIMEOUT fails no response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        assert not Client({"gunicorn.socket": ours}).has_left()


def test_a_reset_is_told_from_the_end_of_the_body():
    """After ``reset`` the client sees an error instead of the end of the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as far:
            ours, _ = listener.accept()
            with ours:
                Client({"gunicorn.socket": ours}).reset()
            with pytest.raises(ConnectionResetError):
                far.recv(1)
