"""Step 5: a reader that lost its connection comes back for the rest."""

import contextlib
import json
import os
import queue
import select
import socket
import threading
import uuid

import anthropic
import httpx2
from flask import Flask, Response, abort, request

app = Flask(__name__)
# A connection for each answer, so that cutting one never cuts another.
limits = httpx2.Limits(max_keepalive_connections=0)
client = anthropic.Anthropic(http_client=anthropic.DefaultHttpxClient(limits=limits))
HEADERS = {
    "Content-Type": "text/event-stream",  # without a charset: some clients compare the whole
    "Cache-Control": "no-store, no-transform",  # no cache stores it, no proxy compresses it
    "X-Accel-Buffering": "no",  # passed on as it comes, by nginx and those that copied it
}

#: How long an answer goes on without a reader, for one that lost its network.
ORPHAN_SECONDS = float(os.environ.get("ORPHAN_SECONDS", "60"))
streams = {}


@app.post("/stream")
def post_stream():
    stream_id = str(uuid.uuid4())
    streams[stream_id] = stream = Stream(request.json["prompt"])
    headers = {**HEADERS, "Location": f"/streams/{stream_id}"}
    return Response(stream.read(0, Reader(request.environ)), headers=headers)


@app.get("/streams/<stream_id>")
def get_stream(stream_id):
    after = request.headers.get("Last-Event-ID", 0, int)
    return Response(find(stream_id).read(after, Reader(request.environ)), headers=HEADERS)


@app.delete("/streams/<stream_id>")
def delete_stream(stream_id):
    find(stream_id).upstream.cut()
    return {"ended": True}


def find(stream_id):
    return streams.get(stream_id) or abort(404)


class Stream:
    """An answer, written by a thread of its own whether or not it is read."""

    def __init__(self, prompt):
        self.upstream = Upstream()
        self.frames = queue.SimpleQueue()
        self.sent = []
        self.timer = threading.Timer(0, print)
        threading.Thread(target=self.write, args=[prompt], daemon=True).start()

    def write(self, prompt):
        for number, one in enumerate(answer(prompt, self.upstream), 1):
            self.frames.put(f"id: {number}\n{one}")

    def read(self, after, reader):
        """Yield the frames after the one with this number: those sent before, then the new ones."""
        self.timer.cancel()
        try:
            yield from self.sent[after:]
            while not (self.sent and is_last(self.sent[-1])):
                try:
                    self.sent.append(self.frames.get(timeout=1))
                    yield self.sent[-1]
                except queue.Empty:
                    if reader.has_left():
                        return
        finally:  # to leave is not to stop: the reader may come back
            self.timer = threading.Timer(ORPHAN_SECONDS, self.upstream.cut)
            self.timer.daemon = True
            self.timer.start()


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
