"""The socket of one client."""

import socket

from claude_sse.server.client_socket import ClientSocket
from claude_sse.system import syscalls


def test_the_end_of_a_response_leaves_with_the_end_of_the_connection():
    """The last texts, the last frames and chunk and the connection's end are one packet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = ClientSocket.accept_from(listener)
        usage = (
            b'id: 11\ndata: {"text":"!"}\n\nid: 12\ndata: {"text":"","usage":{"input_tokens":1}}'
        )
        ends = (
            b"50\r\n%b\n\n\r\n" % usage,
            b"15\r\nid: 13\ndata: [DONE]\n\n\r\n",
            b"0\r\n\r\n",
        )
        with client, ours:
            for data in ends:
                ours.sendall(data)
            assert not syscalls.has_come(client.fileno())
            ours.shutdown(socket.SHUT_RDWR)
            assert client.recv(999) == b"".join(ends)


def test_a_text_leaves_at_once():
    """Nothing but a response's head and its end waits for what follows."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        ours, _ = ClientSocket.accept_from(listener)
        with client, ours:
            frame = b'1B\r\nid: 1\ndata: {"text":"}}"}\n\n\r\n'
            ours.sendall(frame)
            assert client.recv(99) == frame
