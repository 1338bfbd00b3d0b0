"""Step 9: any number of workers, and a restart that loses nothing."""

import contextlib
import fcntl
import json
import os
import select
import socket
import tempfile
import threading
import time
from pathlib import Path

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
HEARTBEAT_SECONDS = float(os.environ.get("HEARTBEAT_SECONDS", "10"))
FOLDER = Path(os.environ.get("STREAMS", "/tmp/streams"))
FOLDER.mkdir(exist_ok=True)


@app.put("/streams/<uuid:stream_id>")
def put_stream(stream_id):
    """Start the stream with the id that the client chose, or join it: a repeat costs nothing."""
    stream, prompt = Stream(stream_id), request.json["prompt"]
    with contextlib.suppress(FileExistsError):
        stream.start(prompt)
    if stream.prompt() != prompt:
        abort(409)
    return Response(stream.read(0, Reader(request.environ)), headers=HEADERS)


@app.get("/streams/<uuid:stream_id>")
def get_stream(stream_id):
    after = request.headers.get("Last-Event-ID", 0, int)
    return Response(find(stream_id).read(after, Reader(request.environ)), headers=HEADERS)


@app.delete("/streams/<uuid:stream_id>")
def delete_stream(stream_id):
    find(stream_id).stop.touch()
    return {"ended": True}


def find(stream_id):
    stream = Stream(stream_id)
    return stream if stream.path.exists() else abort(404)


class Stream:
    """A log with one writer and any number of readers, in any process: the file is all they share.

    Its first line is the question; then come the frames, exactly as they are sent.
    """

    def __init__(self, stream_id):
        self.path = FOLDER / str(stream_id)
        self.stop = FOLDER / f"{stream_id}.stop"
        self.seen = FOLDER / f"{stream_id}.seen"  # touched by each reader, once a second

    def start(self, prompt):
        """Create the log and its writer; raises ``FileExistsError`` where there is one."""
        self.seen.touch()
        with tempfile.NamedTemporaryFile(dir=FOLDER) as draft:
            log = open(draft.name, "ab", buffering=0)
            fcntl.flock(log, fcntl.LOCK_EX)  # held as long as the writer lives; the kernel knows
            log.write(f"{json.dumps(prompt)}\n\n".encode())
            try:
                os.link(draft.name, self.path)  # of all workers one succeeds, and pays
            except FileExistsError:
                log.close()
                raise
        # Not a daemon: a worker that was told to stop exits when its answers are written.
        threading.Thread(target=self.write, args=[prompt, log]).start()

    def write(self, prompt, log):
        upstream = Upstream()
        threading.Thread(target=self.watch, args=[upstream, log], daemon=True).start()
        with log:
            for number, one in enumerate(answer(prompt, upstream), 1):
                log.write(f"id: {number}\n{one}".encode())

    def watch(self, upstream, log):
        """Cut the answer when that was asked for, or when no reader was seen for a while."""
        while not log.closed:
            away = time.time() - self.seen.stat().st_mtime
            if self.stop.exists() or away > ORPHAN_SECONDS:
                upstream.cut()
            time.sleep(0.1)

    def prompt(self):
        with self.path.open("rb") as log:
            return json.loads(log.readline())

    def read(self, after, reader):
        """Yield the frames after the one with this number, and a comment for each silence."""
        yield f"retry: 1000\nid: {after}\n"  # the headers leave now, before Claude answers
        sent_at = time.monotonic()
        with self.path.open("rb") as log:
            place = find_end_of(after, log)
            while True:
                self.seen.touch()
                is_dead = is_unlocked(log)  # before the read, which then misses nothing
                new, place = read_frames(log, place)
                yield from new
                if (new and is_last(new[-1])) or (not new and reader.has_left()):
                    return
                after += len(new)
                if is_dead and not new:
                    log.seek(0)
                    if not is_last(log.read().decode()):
                        broken = frame({"error": "The server stopped; the text received is kept."})
                        yield f"id: {after + 1}\n{broken}"
                    return
                if not new and time.monotonic() - sent_at >= HEARTBEAT_SECONDS:
                    yield ": heartbeat\n"
                    new = [""]
                sent_at = time.monotonic() if new else sent_at
                time.sleep(0.05)


def find_end_of(number, log):
    """Return the offset in the log after the frame with this number, 0 being the question."""
    content = log.read()
    start = content.find(f"\n\nid: {number + 1}\n".encode())
    return start + 2 if start >= 0 else content.rfind(b"\n\n") + 2


def read_frames(log, place):
    """Return the whole frames at this offset, and the offset after them."""
    log.seek(place)
    *frames, rest = log.read().split(b"\n\n")
    whole = [f"{one.decode()}\n\n" for one in frames]
    return whole, place + sum(map(len, whole))


def is_unlocked(log):
    """Return whether the writer of a log has ended or died."""
    try:
        fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
