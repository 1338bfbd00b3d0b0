"""Step 4: a reader that leaves ends its answer."""

import contextlib
import json
import queue
import select
import socket
import threading

import anthropic
import httpx2
from flask import Flask, Response, request

app = Flask(__name__)
# A connection for each answer, so that cutting one never cuts another.
limits = httpx2.Limits(max_keepalive_connections=0)
client = anthropic.Anthropic(http_client=anthropic.DefaultHttpxClient(limits=limits))
HEADERS = {
    "Content-Type": "text/event-stream",  # without a charset: some clients compare the whole
    "Cache-Control": "no-store, no-transform",  # no cache stores it, no proxy compresses it
    "X-Accel-Buffering": "no",  # passed on as it comes, by nginx and those that copied it
}


@app.post("/stream")
def stream():
    frames, upstream = queue.SimpleQueue(), Upstream()
    arguments = [request.json["prompt"], upstream, frames]
    threading.Thread(target=write, args=arguments, daemon=True).start()
    return Response(read(frames, upstream, Reader(request.environ)), headers=HEADERS)


def write(prompt, upstream, frames):
    """Put the frames of an answer where its reader finds them."""
    for one in answer(prompt, upstream):
        frames.put(one)


def read(frames, upstream, reader):
    """Yield the frames to a reader; cut the answer when it has left."""
    last = ""
    try:
        while not is_last(last):
            try:
                last = frames.get(timeout=1)
                yield last
            except queue.Empty:
                if reader.has_left():
                    return
    finally:  # also where a write to the reader fails
        upstream.cut()


class Upstream:
    """The connection to Claude of one answer."""

    sock = None

    def cut(self):
        """Wake the thread that reads from it, and tell Claude; ``close`` would do neither."""
        if self.sock is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)  # below TLS, too


class Reader:
    """The client of one response."""

    def __init__(self, environ):
        self.sock = environ.get("gunicorn.socket") or environ.get("werkzeug.socket")

    def has_left(self):
        """Return whether the client has closed its connection; WSGI has no word for it."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        return bool(poll.poll(0))


def answer(prompt, upstream):
    """Yield the frames of an answer; the last one says how it ended."""
    messages = [{"role": "user", "content": prompt}]
    try:
        with client.messages.stream(
            model="claude-sonnet-5-5", max_tokens=16_000, messages=messages
        ) as stream:
            network = stream.response.extensions["network_stream"]
            upstream.sock = network.get_extra_info("socket")
            for text in stream.text_stream:
                yield frame({"text": text})
            if stream.current_message_snapshot.stop_reason is None:  # cut off: nothing was raised
                raise EOFError("no end of the message")
    except Exception as exc:  # not only anthropic's: in mid-answer its HTTP library's come through
        app.logger.warning("the answer failed: %r", exc)
        yield frame({"error": "The answer broke off; the text received so far is kept."})
    else:
        yield "data: [DONE]\n\n"


def frame(fields):
    return f"data: {json.dumps(fields)}\n\n"


def is_last(frame):
    """Return whether this frame ends its answer."""
    return frame.endswith("data: [DONE]\n\n") or 'data: {"error"' in frame
