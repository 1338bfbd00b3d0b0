"""Noticing that the client of a response has left, and resetting its connection."""

import os
import socket

import pytest

from claude_sse.web.disconnect import Client


@pytest.fixture
def connection():
    """The two ends of one: the client's and the server's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname(), timeout=10)
        ours, _ = listener.accept()
        with theirs, ours:
            yield theirs, ours


def test_a_departed_client_is_noticed(connection):
    """A client counts as gone as soon as it has closed its connection, and not before."""
    theirs, ours = connection
    client = Client({"gunicorn.socket": ours})
    assert not client.has_left()
    theirs.close()
    assert client.has_left()


def test_a_reset_is_no_end(connection):
    """A client that is reset sees an error, also where the server then shuts the socket down."""
    theirs, ours = connection
    descriptor = ours.fileno()
    Client({"gunicorn.socket": ours}).reset()
    with pytest.raises(ConnectionResetError):
        theirs.recv(1)
    assert ours.fileno() == descriptor and not os.get_inheritable(descriptor)
    ours.close()


def test_without_a_socket_the_client_counts_as_connected():
    """Under a server that does not hand over its socket the second write reports the departure."""
    client = Client({})
    client.reset()
    assert not client.has_left()


def test_a_socket_without_the_options_is_monitored_too():
    """A socket that refuses TCP_USER_TIMEOUT fails no response."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        assert not Client({"gunicorn.socket": ours}).has_left()


def test_a_socket_that_is_closed_already_is_reset_without_an_error(connection):
    """A response may be broken off after its connection has gone."""
    _, ours = connection
    client = Client({"gunicorn.socket": ours})
    ours.close()
    client.reset()
