"""An HTTP server that sends the bytes a test gives it, one response per connection."""

import socket
import threading

LIST = b'{"data":[],"has_more":false,"first_id":null,"last_id":null}'


class RawUpstream:
    """Answers a POST with ``reply``: bytes, or a list of them, which are sent one by one."""

    def __init__(self):
        self.reply = b""
        self.models = whole(LIST)
        self.requests = []  # heads and bodies of the POSTs
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with near:
                near.settimeout(10)
                self._answer(near)

    def _answer(self, near):
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = read_request(near)
        reply = self.reply
        if request.startswith(b"GET"):
            reply = self.models(request) if callable(self.models) else self.models
        elif request:
            self.requests.append(request)
        try:
            for payload in [reply] if isinstance(reply, bytes) else reply:
                near.sendall(payload)
        except OSError:
            pass


def read_request(near):
    """Return one request, incomplete if its connection closes."""
    request = b""
    while not _is_whole(request):
        more = near.recv(65536)
        if not more:
            break
        request += more
    return request


def _is_whole(request):
    head, end, body = request.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return bool(end) and len(body) >= int(line.partition(b":")[2])
    return bool(end)


#: ``RawUpstream`` closes after each response, and says so: otherwise the next request could be sent
#: on a connection that is about to close.
CLOSES = "Connection: close"


def whole(body, status="200 OK", kind="application/json", *fields):
    """Return a response with a length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", CLOSES]
    return "\r\n".join([*lines, *fields, "", ""]).encode() + body


def chunked(body, *fields, size=None, end=b"0\r\n\r\n", kind="text/event-stream", closes=True):
    """Return a response in chunks of a size, by default in one chunk."""
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", "Transfer-Encoding: chunked"]
    lines += [CLOSES] if closes else []
    size = size or max(1, len(body))
    payloads = [body[n : n + size] for n in range(0, len(body), size)]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(payload), payload) for payload in payloads)
    return "\r\n".join([*lines, *fields, "", ""]).encode() + chunks + end
