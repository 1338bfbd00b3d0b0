"""The hot path: one producer, many readers, and every way in which a stream ends."""

import contextlib
import json
import threading
import time

import pytest

from claude_sse.claude import Claude
from claude_sse.config.settings import Settings
from claude_sse.protocol import sse
from claude_sse.protocol.errors import Conflict, NotFound, Unavailable
from claude_sse.protocol.question import Question
from claude_sse.stream_log import StreamExists
from claude_sse.stream_log.file import FileStreamLog
from claude_sse.streaming import lifetime, outcome, producer, streams, supervisor
from claude_sse.streaming.streams import Streams
from claude_sse.web.dialects import frames as frames_dialect
from tests.slack import within

DIGEST = "d" * 64


class Services:
    """Streams on a folder, against the stand-in; ``ask`` starts one."""

    def __init__(self, standin, folder, orphan_seconds=30.0, heartbeat_seconds=10.0):
        self.standin = standin
        self.ended = []
        self.streams = Streams(
            FileStreamLog(folder, ttl_seconds=3600.0),
            Claude(Settings(api_key="x", base_url=standin.base_url)),
            heartbeat_seconds=heartbeat_seconds,
            orphan_seconds=orphan_seconds,
        )

    def ask(self, key, prompt, **options):
        question = Question(messages=(("user", prompt),), digest=DIGEST)
        on_end = options.pop("on_end", lambda *_: self.ended.append(key))
        return self.streams.start(key, question, on_end=on_end, **options)

    def request(self, prompt):
        return self.standin.wait(
            lambda s: next((r for r in s.requests if r.prompt == prompt), None)
        )

    def sent(self, prompt):
        """What the stand-in wrote, which it notes when it has written it."""
        request = self.request(prompt)
        self.standin.wait(lambda s: request.finished)
        return request.sent

    def follow(self, reader, **options):
        return frames_dialect.encode(self.streams.follow(reader, **options))

    def all(self, reader):
        received = b"".join(self.follow(reader))
        reader.close()
        return received.removeprefix(sse.preamble(reader.after))


@pytest.fixture
def make(standin, tmp_path):
    made = []

    def make(**options):
        made.append(Services(standin, tmp_path, **options))
        return made[-1]

    yield make
    for services in made:
        services.streams.drain(0.0)


@pytest.fixture
def services(make):
    return make()


def objects(frames):
    return list(sse.objects(frames))


def text(frames):
    return "".join(fields.get("text", "") for fields in objects(frames))


def written(services, key):
    """What is on the log of a stream now."""
    with contextlib.closing(services.streams.open(key, 0)) as reader:
        return reader.read(0.0)


def wait_for(condition):
    """Wait until the condition holds: for events that no socket reports."""
    deadline = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def test_a_stream_is_what_claude_said_and_done(services, nonce):
    """The first reader gets the whole answer, numbered from 1, and [DONE]."""
    frames = services.all(services.ask("a/1", f"fault pace texts=9 {nonce}"))
    assert text(frames) == "".join(f"word{n} " for n in range(9))
    assert frames.endswith(b"data: [DONE]\n\n")
    ids = [int(line[4:]) for line in frames.split(b"\n") if line.startswith(b"id: ")]
    assert ids == list(range(1, len(ids) + 1))
    assert services.ended == ["a/1"]


def test_only_the_terminal_frame_waits_for_the_ledger(services, nonce):
    """All that Claude said is on the log before it is settled, which a busy disk may delay."""
    seen = []

    def on_end(usage, is_free):
        with contextlib.closing(services.streams.open("a/1", 0)) as reader:
            seen.append(reader.read(1.0))

    log = services.all(services.ask("a/1", f"fault pace texts=5 gap_ms=0 {nonce}", on_end=on_end))
    assert text(seen[0]) == text(log) and objects(seen[0])[-1]["stop_reason"] == "end_turn"
    assert not sse.is_last(seen[0])


def test_head_and_rest_are_the_log(services, make, nonce):
    """For every n, the first n frames and what follows n are together the log, byte for byte."""
    log = services.all(services.ask("a/1", f"fault pace texts=12 gap_ms=0 {nonce}"))
    frames = [frame + b"\n\n" for frame in log.split(b"\n\n")[:-1]]
    for where in (services, make()):
        for n in range(len(frames)):
            rest = where.all(where.streams.open("a/1", n))
            assert b"".join(frames[:n]) + rest == log


def test_every_reader_gets_the_same_bytes(services, make, standin, nonce):
    """Readers that join at any time, on any worker, receive what the first one did."""
    prompt = f"fault pace texts=40 gap_ms=5 {nonce}"
    first, elsewhere, received = services.ask("a/1", prompt), make(), []

    def join(where):
        received.append(where.all(where.streams.join("a/1", DIGEST)))

    threads = [
        threading.Thread(target=join, args=[(services, elsewhere)[n % 2]], daemon=True)
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    whole = services.all(first)
    for thread in threads:
        thread.join()
    assert received == [whole] * 8
    assert len([r for r in standin.requests if r.prompt == prompt]) == 1


def test_a_large_answer_reaches_the_first_reader_whole(services, nonce):
    """However many frames one read returns, none is skipped."""
    for burst in (10, 1000, 20_000):
        prompt = f"bench n={burst} pad=50 {nonce}"
        frames = services.all(services.ask(f"a/{burst}", prompt))
        assert text(frames) == services.sent(prompt)
    frames = services.all(services.ask("a/huge", f"fault huge mb=2 {nonce}"))
    assert len(text(frames)) >= 2_000_000


def test_a_key_is_used_once(services, nonce):
    """A second start with the same key is refused, a join with another body as well."""
    services.all(services.ask("a/1", f"fault pace texts=1 {nonce}"))
    with pytest.raises(StreamExists):
        services.ask("a/1", nonce)
    with pytest.raises(Conflict):
        services.streams.join("a/1", "e" * 64)
    with pytest.raises(NotFound):
        services.streams.join("b/1", DIGEST)


def test_a_reader_that_leaves_hands_the_producer_over(services, nonce):
    """When the first reader leaves in mid-answer, the answer is still written to its end."""
    prompt = f"fault pace texts=30 gap_ms=5 {nonce}"
    reader = services.ask("a/1", prompt)
    following = services.follow(reader)
    while b"word3" not in next(following):
        pass
    following.close()
    reader.close()
    frames = services.all(services.streams.open("a/1", 0))
    assert text(frames) == services.sent(prompt) and frames.endswith(b"[DONE]\n\n")


def test_a_reader_that_leaves_needs_no_supervisor(services, nonce, monkeypatch):
    """A first reader that leaves hands the producer over without waiting for a check."""
    monkeypatch.setattr(supervisor, "STALL_SECONDS", 3600.0)
    prompt = f"fault pace texts=20 gap_ms=10 {nonce}"
    services.ask("a/1", prompt).close()
    frames = services.all(services.streams.open("a/1", 0))
    assert text(frames) == services.sent(prompt) and frames.endswith(b"[DONE]\n\n")


def test_a_steady_reader_drives_to_the_end(services, nonce):
    """A first reader that keeps reading drives the producer in its own thread to the end."""
    ended_by = []
    reader = services.ask(
        "a/1",
        f"fault pace texts=40 gap_ms=1 {nonce}",
        on_end=lambda *_: ended_by.append(threading.get_ident()),
    )
    for frames in services.follow(reader):
        last = frames
        time.sleep(0.02)  # it writes to its client: the supervisor could hand the producer over
    assert last.endswith(b"[DONE]\n\n") and ended_by == [threading.get_ident()]
    reader.close()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_stop_passes_a_first_reader_that_does_not_read(
    services, make, nonce, monkeypatch, elsewhere
):
    """Neither the terminal frame nor the reply to Stop waits for a reader that stalls."""
    monkeypatch.setattr(supervisor, "STALL_SECONDS", 3600.0)
    if not elsewhere:  # in the writer's process Stop does not even wait for the supervisor
        monkeypatch.setattr(supervisor, "CHECK_SECONDS", 3600.0)
    reader = services.ask("a/1", f"fault stall after=3 {nonce}")
    following = services.follow(reader)
    while b"word2" not in next(following):
        pass
    where = make() if elsewhere else services
    with within(0.3):
        kept = where.streams.stop("a/1")
    assert kept["ended"] and kept["stop_reason"] == "stopped"
    assert b"".join(following).endswith(b"data: [DONE]\n\n")
    reader.close()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_reply_to_stop_waits_for_the_end(services, make, nonce, elsewhere):
    """The reply waits for the terminal frame, also where the ledger takes its time."""
    stopping = threading.Event()

    def on_end(usage, is_free):
        stopping.wait()
        time.sleep(1.5)  # several checks, and longer than a tick

    reader = services.ask("a/1", f"fault stall after=3 {nonce}", on_end=on_end)
    reader.close()
    wait_for(lambda: b"word2" in written(services, "a/1"))
    where = make() if elsewhere else services
    stopping.set()
    kept = where.streams.stop("a/1")
    log = written(services, "a/1")
    assert kept == {
        "ended": True,
        "last_event_id": sse.last_id(log),
        "stop_reason": "stopped",
        "usage": objects(log)[-1]["usage"],
    }


def test_a_stop_whose_client_has_left_does_not_wait(services, nonce):
    """No thread is held for a reply without a client; the stream is stopped nevertheless."""
    may_end = threading.Event()
    services.ask("a/1", f"fault stall after=3 {nonce}", on_end=lambda *_: may_end.wait()).close()
    wait_for(lambda: b"word2" in written(services, "a/1"))
    kept = services.streams.stop("a/1", gone=lambda: True)
    assert kept["ended"] is False
    may_end.set()
    assert objects(services.all(services.streams.open("a/1", 0)))[-1]["stop_reason"] == "stopped"


def test_the_reply_to_stop_reports_a_stuck_writer(services, nonce, monkeypatch):
    """Where a stream does not end, the reply says so after a while, with the last id."""
    monkeypatch.setattr(outcome, "STOP_SECONDS", 0.3)
    may_end = threading.Event()
    services.ask("a/1", f"fault stall after=3 {nonce}", on_end=lambda *_: may_end.wait()).close()
    wait_for(lambda: b"word2" in written(services, "a/1"))
    kept = services.streams.stop("a/1")
    assert kept == {"ended": False, "last_event_id": sse.last_id(written(services, "a/1"))}
    may_end.set()
    services.all(services.streams.open("a/1", 0))


def test_a_reader_that_stalls_loses_the_producer(services, nonce):
    """A stalled first reader delays no other one; when it reads again it misses nothing."""
    prompt = f"fault pace texts=40 gap_ms=10 {nonce}"
    reader = services.ask("a/1", prompt)
    following = services.follow(reader)
    begun = next(following)
    while b"word2" not in begun:
        begun += next(following)
    frames = services.all(services.streams.open("a/1", 0))
    assert text(frames) == services.sent(prompt)
    assert begun.removeprefix(sse.PREAMBLE) + b"".join(following) == frames
    reader.close()


def test_a_first_reader_that_never_reads_delays_no_other(services, nonce):
    """An answer is written and read although the first response is never iterated."""
    prompt = f"fault pace texts=3 {nonce}"
    reader = services.ask("a/1", prompt)
    frames = services.all(services.streams.open("a/1", 0))
    assert text(frames) == "word0 word1 word2 "
    reader.close()


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("fault", ["pace texts=500 gap_ms=20", "silent", "silent_headers", "pings"])
def test_stop_reaches_claude_and_is_the_terminal_frame(services, make, nonce, fault, elsewhere):
    """Stop ends the answer at Claude at any moment, from any worker; the stream says stopped."""
    prompt = f"fault {fault} {nonce}"
    reader = services.ask("a/1", prompt)
    request = services.request(prompt)
    kept = (make() if elsewhere else services).streams.stop("a/1")
    assert kept["ended"] and kept["stop_reason"] == "stopped" and kept["last_event_id"] >= 2
    services.standin.wait(lambda s: request.closed_at)
    *_, closing = objects(frames := services.all(reader))
    assert closing["stop_reason"] == "stopped" and frames.endswith(b"data: [DONE]\n\n")
    assert services.streams.stop("a/1") == kept
    assert services.ended == ["a/1"]


def test_stop_of_a_finished_stream_is_harmless(services, make, nonce):
    """Stopping a stream that has ended tells how it ended, and changes nothing."""
    frames = services.all(services.ask("a/1", f"fault pace texts=2 {nonce}"))
    for where in (services, make()):
        kept = where.streams.stop("a/1")
        assert kept["stop_reason"] == "end_turn" and kept["usage"]["output_tokens"]
        assert kept["last_event_id"] == sse.last_id(frames)
    with pytest.raises(NotFound):
        services.streams.stop("b/1")


def test_a_reader_that_may_not_return_stops_by_leaving(services, nonce):
    """A reader without grace ends the answer by leaving, even while Claude is silent."""
    prompt = f"fault silent {nonce}"
    reader = services.ask("a/1", prompt, grace_seconds=0.0)
    request = services.request(prompt)
    reader.close()
    services.standin.wait(lambda s: request.closed_at)
    assert objects(services.all(services.streams.open("a/1", 0)))[-1]["code"] == "interrupted"


def test_an_orphan_is_ended(make, nonce):
    """A stream without readers goes on for its grace, is then interrupted, and keeps its text."""
    services = make(orphan_seconds=0.4)
    prompt = f"fault pace texts=1000 gap_ms=10 {nonce}"
    reader = services.ask("a/1", prompt)
    request = services.request(prompt)
    reader.close()
    left = time.monotonic()
    services.standin.wait(lambda s: request.closed_at)
    assert request.closed_at - left >= 0.4
    wait_for(lambda: services.ended)
    last = objects(services.all(services.streams.open("a/1", 0)))[-1]
    assert last["code"] == "interrupted" and last["retryable"] and last["usage"]["estimated"]


def test_a_reader_on_another_worker_keeps_a_stream_alive(make, nonce):
    """A stream is not an orphan while it has a reader on any worker."""
    services, elsewhere = make(orphan_seconds=0.3), make()
    prompt = f"fault pace texts=80 gap_ms=10 {nonce}"
    first = services.ask("a/1", prompt)
    second = elsewhere.streams.open("a/1", 0)
    first.close()
    frames = elsewhere.all(second)
    assert frames.endswith(b"data: [DONE]\n\n") and text(frames) == services.sent(prompt)


@pytest.mark.parametrize(
    ("limit", "fault", "code"),
    [("NO_CONTENT_SECONDS", "pings", "interrupted"),
     ("NO_CONTENT_SECONDS", "silent", "timeout"),
     ("NO_CONTENT_SECONDS", "silent_headers", "timeout"),
     ("LIFE_SECONDS", "pace texts=1000 gap_ms=10", "interrupted")],
)  # fmt: skip
def test_what_takes_too_long_is_ended(services, nonce, monkeypatch, limit, fault, code):
    """The supervisor ends silence (pings do not count) and endless answers."""
    prompt = f"fault {fault} {nonce}"
    reader = services.ask("a/1", prompt)
    following = services.follow(reader)
    frames = next(following)
    request = services.request(prompt)
    while "silent" not in fault and b'"model"' not in frames:
        frames += next(following)
    monkeypatch.setattr(lifetime, limit, 0.0)
    frames += b"".join(following)
    reader.close()
    assert objects(frames.removeprefix(sse.PREAMBLE))[-1]["code"] == code
    services.standin.wait(lambda s: request.closed_at)


def test_a_failure_is_the_last_frame(services, nonce):
    """A refusal of Claude's ends the stream with one error frame and nothing after it."""
    frames = services.all(services.ask("a/1", f"fault unauthorized {nonce}"))
    (failure,) = objects(frames)
    assert failure["code"] == "authentication" and failure["request_id"]
    assert frames.count(b"data: ") == 1 and frames.startswith(b'id: 1\ndata: {"error":')


def test_a_retry_is_seen(services, nonce):
    """A retry before the first text is a frame of its own, before the answer."""
    prompt = f"fault rate_limited retry_after=0.3 times=1 texts=1 {nonce}"
    frames = services.all(services.ask("a/1", prompt))
    assert objects(frames)[0] == {"text": "", "waiting": 0.3, "code": "rate_limited"}
    assert text(frames) == "word0 "


def test_a_bug_ends_the_stream_honestly(services, nonce, monkeypatch):
    """A bug of ours ends the stream with an error frame that tells no internals."""

    def broken(question, scope, record):
        yield [{"text": "a"}]
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(services.streams._claude, "events", broken)
    frames = services.all(services.ask("a/1", nonce))
    assert text(frames) == "a" and objects(frames)[-1]["code"] == "interrupted"
    assert b"secret" not in frames and services.ended == ["a/1"]


def test_a_silent_stream_has_heartbeats(make, nonce, monkeypatch):
    """From the start, and before Claude's headers, a silent stream sends comments."""
    monkeypatch.setattr(streams, "TICK_SECONDS", 0.1)
    services = make(heartbeat_seconds=0.2)
    reader = services.ask("a/1", f"fault silent_headers {nonce}")
    following = services.follow(reader)
    assert [next(following) for _ in range(3)] == [sse.PREAMBLE, sse.HEARTBEAT, sse.HEARTBEAT]
    following.close()
    reader.close()


def test_a_client_that_left_ends_the_response(services, nonce, monkeypatch):
    """A silent response checks for its client, and ends when the client has left."""
    monkeypatch.setattr(streams, "TICK_SECONDS", 0.1)
    reader = services.ask("a/1", f"fault silent {nonce}")
    assert list(services.follow(reader, gone=lambda: True)) == [sse.PREAMBLE]
    reader.close()


def test_drain_lets_answers_finish_and_interrupts_the_rest(services, nonce):
    """While draining no stream starts, short answers finish, long ones end as interrupted."""
    short = services.ask("a/1", f"fault pace texts=5 gap_ms=20 {nonce}")
    long = services.ask("a/2", f"fault pace texts=1000 gap_ms=20 {nonce}")
    draining = threading.Thread(target=services.streams.drain, args=[0.8], daemon=True)
    draining.start()
    wait_for(lambda: services.streams.draining)
    with pytest.raises(Unavailable):
        services.ask("a/3", nonce)
    assert services.all(short).endswith(b"data: [DONE]\n\n")
    assert objects(services.all(long))[-1]["code"] == "interrupted"
    draining.join()
    assert services.ended == ["a/1", "a/2"]


def test_nothing_is_left_when_it_cannot_start(services, nonce, monkeypatch):
    """A start without a thread is refused, and everything acquired is released."""

    def no_thread(self, stream):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(supervisor.Supervisor, "add", no_thread)
    with pytest.raises(Unavailable):
        services.ask("a/1", nonce)
    assert not services.streams._supervisor and not services.ended


def test_every_data_line_is_ascii_json(services, nonce):
    """Whatever Claude writes, a frame's data is one line of ASCII JSON with text or error."""
    frames = services.all(services.ask("a/1", f"fault imitate {nonce}"))
    for line in frames.decode("ascii").split("\n"):
        if line.startswith("data: ") and line != "data: [DONE]":
            fields = json.loads(line[6:])
            assert "text" in fields or "error" in fields


def test_an_answer_outlives_a_lack_of_threads(services, nonce, monkeypatch):
    """Where no thread can be started for the producer, the supervisor tries until one can."""
    prompt = f"fault pace texts=30 gap_ms=10 {nonce}"
    reader = services.ask("a/1", prompt)
    following = services.follow(reader)
    while b"word2" not in next(following):
        pass
    real, refusals = producer.threading.Thread.start, iter(range(3))

    def start(thread):
        if thread.name == "writer" and next(refusals, None) is not None:
            raise RuntimeError("can't start new thread")
        real(thread)

    monkeypatch.setattr(producer.threading.Thread, "start", start)
    following.close()
    reader.close()
    frames = services.all(services.streams.open("a/1", 0))
    assert frames.endswith(b"data: [DONE]\n\n") and text(frames) == services.sent(prompt)
    assert next(refusals, None) is None


def test_a_finished_answer_starts_no_thread(services, nonce, monkeypatch):
    """A first reader that has read to the end starts no thread by leaving."""
    reader = services.ask("a/1", f"fault pace texts=2 {nonce}")
    assert b"".join(services.follow(reader)).endswith(b"[DONE]\n\n")
    monkeypatch.setattr(producer.Producer, "_start_thread", lambda *_: pytest.fail("a thread"))
    reader.close()


def test_a_refused_start_has_never_been(services, nonce, monkeypatch):
    """After a refused start the same id can be started again."""

    def no_thread(self, stream):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(supervisor.Supervisor, "add", no_thread)
        with pytest.raises(Unavailable):
            services.ask("a/1", nonce)
    with pytest.raises(NotFound):
        services.streams.open("a/1", 0)
    assert text(services.all(services.ask("a/1", f"fault pace texts=1 {nonce}"))) == "word0 "


def test_a_terminal_frame_that_cannot_be_encoded_ends_the_stream(services, nonce, monkeypatch):
    """A stream ends, and releases its slot, whatever its last object is."""
    monkeypatch.setattr(lifetime.Lifetime, "terminal_frames", lambda *_: [{"error": float("nan")}])
    frames = services.all(services.ask("a/1", f"fault billing {nonce}"))
    assert objects(frames)[-1]["code"] == "interrupted" and services.ended == ["a/1"]


def test_a_second_drain_does_not_prolong_the_first(services, nonce):
    """A second SIGTERM leaves the time of the first as it is."""
    services.ask("a/1", f"fault silent {nonce}")
    first = threading.Thread(target=services.streams.drain, args=[0.3], daemon=True)
    with within(0.3 + 1.0):  # the supervisor checks once a tick
        first.start()
        wait_for(lambda: services.streams.draining)
        services.streams.drain(60.0)
        first.join()


def test_the_reply_to_stop_does_not_tell_the_code_of_a_retry(services, nonce):
    """The code of an announced retry is not that of the stream's end."""
    reader = services.ask("a/1", f"fault rate_limited retry_after=15 {nonce}")
    wait_for(lambda: services.streams.log.open("a/1").read(0.0))
    kept = services.streams.stop("a/1")
    assert kept["stop_reason"] == "stopped" and "code" not in kept
    reader.close()
