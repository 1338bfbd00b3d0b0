"""The contract of a stream log, run against every implementation."""

import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_sse.protocol import sse
from claude_sse.protocol.errors import BadRequest, NotFound, Unavailable
from claude_sse.stream_log import StreamExists, WriterLost, open_log
from claude_sse.stream_log.file import FileStreamLog
from claude_sse.stream_log.redis_log import RedisStreamLog
from claude_sse.system import redis_address
from tests.integration.client import eventually
from tests.slack import within

GUIDE = Path(__file__).parents[3] / "docs/redis.md"
DIGEST = "d" * 64
KEY = "local/1"


def frame(number, text="x"):
    return sse.encode(number, {"text": text})


class Contract:
    """``here`` is the writer's process, ``elsewhere`` another one on the same store.

    A backend has a fixture ``make_log``, which returns one more process of the same store.
    """

    @pytest.fixture
    def here(self, make_log):
        return make_log(3600.0)

    @pytest.fixture
    def elsewhere(self, make_log):
        return make_log(3600.0)

    def test_what_is_appended_is_read(self, here, elsewhere):
        """Readers on every worker get exactly the bytes that were appended, whole frames only."""
        writer = here.create(KEY, DIGEST)
        near, far = here.open(KEY), elsewhere.open(KEY)
        writer.append(frame(1) + frame(2))
        for reader in (near, far):
            assert reader.read(1.0) == frame(1) + frame(2)
            assert reader.read(0.0) == b""
        writer.append(frame(3))
        assert near.read(1.0) == far.read(1.0) == frame(3)
        writer.close()
        near.close()
        far.close()

    def test_a_reader_waits_no_longer_than_asked(self, here, elsewhere):
        """A read without frames returns ``b""`` after its timeout."""
        writer = here.create(KEY, DIGEST)
        for log in (here, elsewhere):
            reader = log.open(KEY)
            began = time.monotonic()
            with within(0.2):
                assert reader.read(0.2) == b""
            assert time.monotonic() - began > 0.15
            reader.close()
        writer.close()

    def test_an_append_wakes_a_waiting_reader(self, here, elsewhere):
        """A reader that waits gets the frame as it is written, on any worker."""
        writer = here.create(KEY, DIGEST)
        for number, log in enumerate((here, elsewhere), 1):
            reader = log.open(KEY, number - 1)
            threading.Timer(0.05, writer.append, [frame(number)]).start()
            with within(0.05):
                assert reader.read(60.0) == frame(number)
            reader.close()
        writer.close()

    def test_there_is_one_writer_ever(self, here, elsewhere):
        """A key is written once, also after its stream has ended."""
        writer = here.create(KEY, DIGEST)
        for log in (here, elsewhere):
            with pytest.raises(StreamExists):
                log.create(KEY, DIGEST)
        writer.append(sse.encode(1, sse.DONE))
        writer.close()
        for log in (here, elsewhere):
            with pytest.raises(StreamExists):
                log.create(KEY, DIGEST)

    def test_a_discarded_stream_has_never_been(self, here, elsewhere):
        """It is not found, and its key is free again, on any worker."""
        here.create(KEY, DIGEST).discard()
        for log in (here, elsewhere):
            with pytest.raises(NotFound):
                log.open(KEY)
        writer = elsewhere.create(KEY, DIGEST)
        writer.append(frame(1))
        reader = here.open(KEY)
        assert reader.read(0.0) == frame(1)
        reader.close()
        writer.close()

    def test_one_of_many_creators_wins(self, here, elsewhere):
        """Of twenty threads that create the same key concurrently one gets the writer."""
        won, barrier = [], threading.Barrier(20)

        def create(log):
            barrier.wait()
            try:
                won.append(log.create(KEY, DIGEST))
            except StreamExists:
                pass

        threads = [
            threading.Thread(target=create, args=[(here, elsewhere)[i % 2]], daemon=True)
            for i in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) == 1
        won[0].close()

    def test_a_reader_continues_where_it_says(self, here, elsewhere):
        """For every n, the first n frames and what a reader after n gets are together the log."""
        frames = [frame(n, "t" * (n % 7)) for n in range(1, 25)] + [sse.encode(25, sse.DONE)]
        writer = here.create(KEY, DIGEST)
        writer.append(b"".join(frames))
        for closed in (False, True):
            for log in (here, elsewhere):
                for n in range(25):
                    reader = log.open(KEY, n)
                    assert reader.digest == DIGEST and reader.after == n
                    assert not reader.at_end
                    assert reader.read(0.0) == b"".join(frames[n:])
                    reader.close()
                reader = log.open(KEY, 25)
                assert reader.at_end
                reader.close()
            if not closed:
                writer.close()

    def test_an_id_that_was_never_reached_is_refused(self, here, elsewhere):
        """A reader cannot continue after a frame that does not exist."""
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1) + sse.encode(2, sse.DONE))
        writer.close()
        for log in (here, elsewhere):
            assert log.open(KEY, 2).at_end
            with pytest.raises(BadRequest, match="has not reached 3"):
                log.open(KEY, 3)

    def test_a_frame_that_is_not_there_yet_is_waited_for(self, here, elsewhere):
        """While the writer lives a reader gets up to a second for the frame that it names."""
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1))
        for log in (here, elsewhere):
            began = time.monotonic()
            with pytest.raises(Unavailable, match="has not reached 3 yet") as refused:
                log.open(KEY, 3)
            assert time.monotonic() - began >= 1
            assert (refused.value.code, refused.value.retry_after) == ("not_reached", 1)
        with ThreadPoolExecutor(2) as pool:
            opening = [pool.submit(log.open, KEY, 3) for log in (here, elsewhere)]
            writer.append(frame(2) + frame(3))
            writer.append(frame(4))
            for reader in (future.result() for future in opening):
                assert reader.read(1) == frame(4)
                reader.close()
        writer.close()

    def test_what_was_lost_with_its_writer_is_not_waited_for(self, here, elsewhere):
        """The first read after more frames than a dead writer left raises ``WriterLost``."""
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1))
        writer.close()  # without a last frame, as a process that is killed
        for log in (here, elsewhere):
            for after in (1, 2, 7):
                reader = log.open(KEY, after)
                assert (reader.after, reader.at_end) == (after, False)
                with pytest.raises(WriterLost):
                    reader.read(1)
                reader.close()

    def test_unknown_keys_are_not_found(self, here):
        """Another owner's key is not found, whatever the id."""
        writer = here.create(KEY, DIGEST)
        for key in ("other/1", "local/2", "local/../1", ""):
            with pytest.raises(NotFound):
                here.open(key)
        writer.close()

    def test_writers_with_readers_on_any_worker_are_found(self, here, elsewhere):
        """A writer counts while it has a reader on its own or another worker, and only that one."""
        writer, other = here.create(KEY, DIGEST), here.create("local/2", DIGEST)
        assert here.with_readers([writer, other]) == set()
        for log in (here, elsewhere):
            first, second = log.open(KEY), log.open(KEY)
            assert here.with_readers([writer, other]) == {writer}
            first.close()
            first.close()
            assert here.with_readers([writer]) == {writer}
            assert here.with_readers([other]) == here.with_readers([]) == set()
            second.close()
            assert here.with_readers([writer, other]) == set()
        writer.close()
        other.close()

    def test_readers_of_both_kinds_are_found_together(self, here, elsewhere):
        """One call tells the writers apart, whichever worker their readers are on."""
        writers = [here.create(f"local/{n}", DIGEST) for n in range(4)]
        readers = [here.open("local/0"), elsewhere.open("local/1")]
        readers += [here.open("local/2"), elsewhere.open("local/2")]
        assert here.with_readers(writers) == set(writers[:3])
        for reader in readers[:3]:
            reader.close()
        assert here.with_readers(writers) == {writers[2]}
        for each in (readers[3], *writers):
            each.close()

    def test_a_stop_reaches_the_writer_from_anywhere(self, here, elsewhere):
        """The writer's process learns which streams to stop, and forgets that with the stream."""
        writers = [here.create(f"local/{n}", DIGEST) for n in range(3)]
        keys = [f"local/{n}" for n in range(3)]
        assert here.asked_to_stop(keys) == set()
        elsewhere.stop("local/1")
        here.stop("local/2")
        elsewhere.stop("local/2")
        eventually(lambda: here.asked_to_stop(keys) == {"local/1", "local/2"})
        assert here.asked_to_stop(["local/0"]) == set()
        for writer in writers:
            writer.close()
        assert here.asked_to_stop(keys) == set()
        elsewhere.stop("local/1")  # too late: no effect
        assert here.asked_to_stop(keys) == set()

    def test_the_newest_stream_of_a_name_is_known_everywhere(self, here, elsewhere):
        """A name leads to the stream that was set last, on every worker; each setter gets the
        former."""
        first, second = here.create("local/1", DIGEST), elsewhere.create("local/2", DIGEST)
        assert here.newest("local", "chat") is elsewhere.newest("local", "chat") is None
        assert here.set_newest("local", "chat", "local/1") is None
        assert here.newest("local", "chat") == elsewhere.newest("local", "chat") == "local/1"
        assert elsewhere.set_newest("local", "chat", "local/2") == "local/1"
        assert here.newest("local", "chat") == elsewhere.newest("local", "chat") == "local/2"
        first.close()
        second.close()
        assert here.newest("local", "chat") == "local/2"

    def test_a_name_is_any_text_of_one_owner(self, here, elsewhere):
        """Names are told apart by every character, and by their owner; none becomes a path."""
        names = ["a", "A", "a ", "a/b", "../../a", ".", "", "\0", "a\nb", "é", "e\u0301", "\ud800"]
        names += ["x" * 200, "x" * 199, "1 a", " a"]
        owners = ["local", "user:a", "user:a 1", "user:é" * 40]
        pairs = [(owner, name) for owner in owners for name in names]
        writers = []
        for number, (owner, name) in enumerate(pairs):
            writers.append(here.create(f"{owner}/{number}", DIGEST))
            assert here.set_newest(owner, name, f"{owner}/{number}") is None, (owner, name)
        for number, (owner, name) in enumerate(pairs):
            assert elsewhere.newest(owner, name) == f"{owner}/{number}"
        for writer in writers:
            writer.close()

    def test_a_name_can_be_left_without_a_stream(self, here, elsewhere):
        """What is taken is returned once, and is then unknown on every worker."""
        writer = here.create(KEY, DIGEST)
        assert here.take_newest("local", "chat") is None
        here.set_newest("local", "chat", KEY)
        assert elsewhere.take_newest("local", "chat") == KEY
        assert here.take_newest("local", "chat") is None
        assert here.newest("local", "chat") is elsewhere.newest("local", "chat") is None
        assert here.set_newest("local", "chat", KEY) is None
        assert elsewhere.newest("local", "chat") == KEY
        writer.close()

    def test_no_stream_is_lost_between_two_that_set_a_name(self, here, elsewhere):
        """Of thirty that set one name concurrently, each but the last is returned exactly once."""
        keys = [f"local/{n}" for n in range(30)]
        writers = [here.create(key, DIGEST) for key in keys]
        with ThreadPoolExecutor(10) as pool:
            logs = [(here, elsewhere)[n % 2] for n in range(30)]
            former = list(
                pool.map(lambda log, key: log.set_newest("local", "chat", key), logs, keys)
            )
        returned = [*former, here.newest("local", "chat")]
        assert sorted(map(str, returned)) == sorted([*keys, "None"])
        for writer in writers:
            writer.close()

    def test_a_name_lives_as_long_as_its_stream(self, make_log, elsewhere):
        """A name whose stream has expired has none; one of a stream that is written is kept."""
        here = make_log(0.5)
        ended, running = here.create("local/ended", DIGEST), here.create("local/running", DIGEST)
        for writer, name in ((ended, "ended"), (running, "running")):
            writer.append(frame(1))
            here.set_newest("local", name, f"local/{name}")
        ended.close()
        eventually(lambda: here.sweep() or here.newest("local", "ended") is None)
        assert here.take_newest("local", "ended") is None
        assert here.newest("local", "running") == "local/running"
        running.close()
        elsewhere.sweep()
        assert elsewhere.newest("local", "ended") is None

    def test_a_frame_of_any_size_is_read_whole(self, here, elsewhere):
        """A frame longer than the buffer of a read is returned whole."""
        large = frame(1, "y" * 300_000)
        writer = here.create(KEY, DIGEST)
        writer.append(large)
        for log in (here, elsewhere):
            reader = log.open(KEY)
            assert reader.read(0.0) == large
            reader.close()
        writer.close()

    def test_an_expired_stream_has_never_been(self, make_log, elsewhere):
        """An expired stream is not found and its key is free; one that is written stays."""
        here = make_log(0.5)
        ended, running = here.create("local/ended", DIGEST), here.create("local/running", DIGEST)
        for writer in (ended, running):
            writer.append(frame(1))
        ended.close()
        here.open("local/ended").close()

        def is_gone():
            here.sweep()
            try:
                elsewhere.open("local/ended").close()
            except NotFound:
                return True
            return False

        eventually(is_gone)
        elsewhere.open("local/running").close()
        running.close()
        here.create("local/ended", DIGEST).close()

    def test_a_sweep_removes_nothing_early(self, here, elsewhere):
        """A stream stays until its time to live is over, whichever worker sweeps."""
        writer = here.create(KEY, DIGEST)
        writer.append(sse.encode(1, sse.DONE))
        writer.close()
        for log in (here, elsewhere):
            log.sweep()
            log.open(KEY).close()

    def test_its_measures_are_numbers(self, here):
        """What /metrics tells of a log is a number under each name, while it is written, too."""
        writer = here.create(KEY, DIGEST)
        for name, number in here.measures().items():
            assert name.isidentifier() and isinstance(number, int | float)
        writer.close()

    def test_skip_advances_past_frames_from_the_writer(self, here):
        """A reader that received frames from the writer itself continues after them."""
        writer = here.create(KEY, DIGEST)
        reader = here.open(KEY)
        writer.append(frame(1))
        reader.skip(frame(1))
        writer.append(frame(2))
        assert reader.read(0.0) == frame(2)
        reader.close()
        writer.close()


class TestRedisStreamLog(Contract):
    """The contract on Redis; two instances with one prefix are two processes to each other.

    Its user has the rights that docs/redis.md names, and no others.
    """

    @pytest.fixture
    def make_log(self, shared_redis, nonce):
        made = []
        (rights,) = re.findall(r"^ACL SETUSER claude-sse ((?:[^`]+\n)+)", GUIDE.read_text(), re.M)
        rights = rights.replace("csse", nonce).replace("PASSWORD", "geheim").split()
        shared_redis.command("ACL", "SETUSER", nonce, *rights)
        url = shared_redis.url.replace("://", f"://{nonce}:geheim@")

        def make(ttl_seconds):
            address = redis_address.parse(url, nonce)
            made.append(RedisStreamLog(address, ttl_seconds))
            eventually(lambda: made[-1].state().is_up)
            return made[-1]

        yield make
        for log in made:
            log.close()
        assert nonce not in str(shared_redis.command("ACL", "LOG"))  # nothing was refused
        shared_redis.command("ACL", "DELUSER", nonce)

    def test_what_redis_has_whole_is_not_written_again(self, here, shared_redis, caplog):
        """A stream that lacks nothing stays as it is, and its memory is released after its end."""

        def checks(number):
            seen = here._link._marks[-1][0]
            eventually(lambda: here._link._marks[-1][0] >= seen + number)

        writer = here.create(KEY, DIGEST)
        for number in (1, 2):
            writer.append(frame(number))
            checks(1)
        name = writer.name.decode()
        stored = shared_redis.command("XRANGE", name, "-", "+")
        assert len(stored) == 1 + 2  # one more than the frames, each as it was appended
        checks(3)
        assert shared_redis.command("XRANGE", name, "-", "+") == stored
        here.stop(KEY)
        assert here.asked_to_stop([KEY]) == {KEY}
        writer.close()
        eventually(lambda: here.state().writers == 0 and not here._link.writers.stops)
        assert shared_redis.command("XLEN", name) == len(stored) + 1  # the end
        assert not caplog.records

    @pytest.mark.parametrize("listens", ["after the stop", "in the middle of it"])
    def test_a_stop_is_heard_that_comes_before_the_writer_listens(
        self, here, elsewhere, shared_redis, monkeypatch, listens
    ):
        """A stop counts from the moment in which the stream exists, subscribed or not."""
        presence, may_listen = here._link.writers.presence, threading.Event()
        take, ask = presence.take, elsewhere._link.wires.ask
        monkeypatch.setattr(presence, "take", lambda: take() if may_listen.is_set() else b"")
        writer = here.create(KEY, DIGEST)
        channel = writer.name.decode() + ":w"

        def listen():
            may_listen.set()
            eventually(lambda: shared_redis.command("PUBSUB", "NUMSUB", channel)[1])

        def ask_and_listen(*queries, **options):
            replies = ask(*queries, **options)
            if not may_listen.is_set():
                listen()
            return replies

        if listens == "in the middle of it":
            monkeypatch.setattr(elsewhere._link.wires, "ask", ask_and_listen)
        elsewhere.stop(KEY)
        listen()
        eventually(lambda: here.asked_to_stop([KEY]) == {KEY})
        writer.close()

    def test_a_redis_that_forgot_is_told_again_which_stream_is_the_newest(
        self, here, elsewhere, shared_redis, nonce
    ):
        """A name leads to a running stream again after Redis lost both; one that was taken, not."""
        writers = [here.create(f"local/{name}", DIGEST) for name in ("kept", "taken", "former")]
        for name, key in (("a", "kept"), ("b", "taken"), ("c", "former"), ("c", "kept")):
            here.set_newest("local", name, f"local/{key}")
        here.take_newest("local", "b")
        shared_redis.command("DEL", *shared_redis.command("KEYS", f"{nonce}:*{{*"))
        assert elsewhere.newest("local", "a") is None
        eventually(lambda: elsewhere.newest("local", "a") == "local/kept")
        eventually(lambda: all(elsewhere.open(f"local/{k}") for k in ("kept", "taken", "former")))
        assert elsewhere.newest("local", "b") is None
        assert elsewhere.newest("local", "c") == "local/kept"
        for writer in writers:
            writer.close()

    def test_a_remote_reader_is_sent_away_where_redis_stays_away(
        self, start_redis, nonce, monkeypatch
    ):
        """Readers elsewhere end when Redis is gone for good; those beside the writer go on."""
        from claude_sse.stream_log import redis_far

        redis = start_redis()
        address = redis_address.parse(redis.url)
        here, elsewhere = RedisStreamLog(address, 3600.0), RedisStreamLog(address, 3600.0)
        eventually(lambda: here.state().is_up and elsewhere.state().is_up)
        writer = here.create(KEY, DIGEST)
        near, far = here.open(KEY), elsewhere.open(KEY)
        writer.append(frame(1))
        assert far.read(5.0) == near.read(5.0) == frame(1)
        monkeypatch.setattr(redis_far, "_OUTAGE_SECONDS", 0.3)
        redis.kill()

        def is_over():
            try:
                assert far.read(0.1) == b""
            except Unavailable as exc:
                return exc.code == "log_unavailable" and exc.retry_after
            return False

        eventually(is_over)
        writer.append(frame(2) + sse.encode(3, sse.DONE))
        writer.close()
        assert near.read(1.0) == frame(2) + sse.encode(3, sse.DONE)
        here.open(KEY, 2).close()
        eventually(lambda: here.state() == (False, here.state().reason, 1, 1))
        for each in (near, far, here, elsewhere):
            each.close()

    def test_a_creation_in_doubt_is_withdrawn(self, start_redis, monkeypatch):
        """A stream that Redis made after its client was refused is removed: it has no writer."""
        from claude_sse.stream_log import redis_wires

        redis = start_redis()
        log = RedisStreamLog(redis_address.parse(redis.url), 3600.0)
        eventually(lambda: log.state().is_up)
        monkeypatch.setattr(redis_wires, "OPERATION_SECONDS", 0.2)
        monkeypatch.setattr(redis_wires.Wires.ask, "__kwdefaults__", {"within": 0.2})
        redis.hold()
        with pytest.raises(Unavailable):
            log.create(KEY, DIGEST)
        redis.go_on()
        eventually(lambda: log.state().is_up and not redis.command("KEYS", "csse:{*"))
        eventually(lambda: not log.state().reason)
        log.create(KEY, DIGEST).close()
        log.close()


class TestValkeyStreamLog(TestRedisStreamLog):
    """The same on Valkey."""

    @pytest.fixture
    def shared_redis(self, shared_valkey):
        return shared_valkey


class TestFileStreamLog(Contract):
    """The contract on files; two instances on one folder are two processes to each other."""

    @pytest.fixture
    def make_log(self, tmp_path):
        return lambda ttl_seconds: FileStreamLog(tmp_path, ttl_seconds)

    def test_a_sweep_that_fails_is_logged(self, here, tmp_path, caplog):
        """A failed sweep is a line in the log; nothing else depends on it."""
        for name in ("log", "stops", "readers", "newest"):
            (folder := next(tmp_path.rglob(name))).rename(folder.with_suffix(".gone"))
        here.sweep()
        assert "cannot sweep" in caplog.text

    def test_a_killed_writer_is_detected(self, here, tmp_path):
        """When the writer's process is killed, readers get what it wrote, then ``WriterLost``."""
        code = (
            "import sys, time; from pathlib import Path\n"
            "from claude_sse.stream_log.file import FileStreamLog\n"
            f"w = FileStreamLog(Path({str(tmp_path)!r}), 60.0).create({KEY!r}, {DIGEST!r})\n"
            f"w.append({frame(1)!r} + b'id: 2\\ndata: half')\n"
            "print('ready', flush=True); time.sleep(60)\n"
        )
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert writer.stdout.readline() == b"ready\n"
        reader = here.open(KEY)
        assert reader.read(0.0) == frame(1)
        assert reader.read(0.1) == b""
        writer.kill()
        writer.wait()
        writer.stdout.close()
        with pytest.raises(WriterLost):
            reader.read(5.0)
        reader.close()

    def test_a_partial_write_is_not_returned(self, here, elsewhere, tmp_path):
        """A reader in another process that sees a partial write returns only the whole frames."""
        writer = here.create(KEY, DIGEST)
        reader = elsewhere.open(KEY)
        (path,) = (tmp_path / "log").iterdir()
        with path.open("ab") as file:
            file.write(frame(1) + frame(2)[:9])
            file.flush()
            assert reader.read(0.0) == frame(1)
            assert reader.read(0.1) == b""
            file.write(frame(2)[9:])
        assert reader.read(1.0) == frame(2)
        reader.close()
        writer.close()

    def test_the_file_holds_exactly_the_bytes_sent(self, here, tmp_path):
        """A log is a comment with the digest, then the frames; only its user may read it."""
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1))
        writer.append(sse.encode(2, sse.DONE))
        writer.close()
        (path,) = (tmp_path / "log").iterdir()
        assert path.read_bytes() == (
            f": sha256 {DIGEST}\n\n".encode() + frame(1) + sse.encode(2, sse.DONE)
        )
        assert path.stat().st_mode & 0o077 == 0
        assert (tmp_path / "log").stat().st_mode & 0o077 == 0

    def test_a_full_disk_does_not_affect_running_readers(self, here, elsewhere, monkeypatch):
        """When appends fail, readers in the process continue from memory; new ones get a 503."""
        import claude_sse.stream_log.file_writer as file_writer

        writer = here.create(KEY, DIGEST)
        reader, late = here.open(KEY), here.open(KEY)
        writer.append(frame(1))
        real = file_writer.os.write

        def full(fd, data):
            return real(fd, data[:5])

        monkeypatch.setattr(file_writer.syscalls, "write", full)
        monkeypatch.setattr(file_writer.os, "write", full)
        writer.append(frame(2))
        writer.append(frame(3))
        assert reader.read(0.0) == frame(1)
        assert reader.read(0.0) == frame(2) + frame(3)
        with pytest.raises(Unavailable):
            here.open(KEY)
        with pytest.raises(Unavailable):
            here.create("local/new", DIGEST)
        monkeypatch.undo()
        writer.append(sse.encode(4, sse.DONE))
        writer.close()
        assert late.read(0.0) == frame(1)
        assert late.read(0.0) == frame(2) + frame(3) + sse.encode(4, sse.DONE)
        far = elsewhere.open(KEY)
        assert far.read(0.0) == frame(1)
        with pytest.raises(WriterLost):
            far.read(1.0)
        here.create("local/new", DIGEST).close()  # it recovers without a restart
        for each in (reader, late, far):
            each.close()

    def test_a_read_only_folder_does_not_keep_a_stream_from_ending(self, here, monkeypatch):
        """Where files can no longer be removed, writers and readers still close."""
        import claude_sse.stream_log.file as file

        def read_only(path):
            raise OSError(30, "Read-only file system")

        writer, reader = here.create(KEY, DIGEST), here.open(KEY)
        writer.append(sse.encode(1, sse.DONE))
        monkeypatch.setattr(file.os, "unlink", read_only)
        writer.close()
        reader.close()
        assert here.open(KEY).read(0.0) == sse.encode(1, sse.DONE)

    def test_a_start_that_fails_late_leaks_nothing(self, here, monkeypatch, opened):
        """Where the rename fails, the file that was opened for the stream is closed."""
        import claude_sse.stream_log.file_create as file_create

        def refuse(source, target):
            raise OSError(1, "Operation not permitted")

        before = opened()
        monkeypatch.setattr(file_create.os, "rename", refuse)
        with pytest.raises(Unavailable):
            here.create(KEY, DIGEST)
        assert opened() == before
        monkeypatch.undo()
        here.create(KEY, DIGEST).close()

    def test_a_draft_of_a_killed_process_is_reused(self, here, tmp_path):
        """A stream is created whole where an unlocked, partly written draft of it exists."""
        here.create(KEY, DIGEST).close()
        (path,) = (tmp_path / "log").iterdir()
        path.rename(f"{path}.new")
        with open(f"{path}.new", "ab") as draft:
            draft.write(b"left")
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1))
        assert here.open(KEY).read(0.0) == frame(1)
        writer.close()
        assert b"left" not in path.read_bytes()

    def test_a_damaged_log_is_not_found(self, here, tmp_path):
        """A log whose header is damaged is not found."""
        for content in (b"", b"\0" * 100, b": sha256 short\n\n" + frame(1)):
            here.create(KEY, DIGEST).close()
            (path,) = (tmp_path / "log").iterdir()
            path.write_bytes(content)
            with pytest.raises(NotFound):
                here.open(KEY)
            path.unlink()

    def test_the_last_of_the_disk_is_reserved_for_running_streams(self, here, monkeypatch):
        """On a nearly full disk no stream is created, and the refusal says why."""
        import claude_sse.stream_log.file as file
        import claude_sse.stream_log.file_sweep as file_sweep

        here.check()
        monkeypatch.setattr(file_sweep, "RESERVE_BYTES", 1 << 62)
        monkeypatch.setattr(file, "_FRESH_SECONDS", 0.0)
        with pytest.raises(Unavailable, match="disk is full"):
            here.check()

    def test_a_name_whose_file_was_written_halfway_has_no_stream(self, here, tmp_path):
        """A key that a killed process did not finish is none; the next one replaces it."""
        here.create(KEY, DIGEST).close()
        here.set_newest("local", "chat", KEY)
        (path,) = (tmp_path / "newest").iterdir()
        assert path.stat().st_mode & 0o077 == 0
        path.write_bytes(b"local/")
        assert here.newest("local", "chat") is None
        assert here.set_newest("local", "chat", KEY) is None
        assert here.newest("local", "chat") == KEY

    def test_a_name_that_cannot_be_stored_is_refused(self, here, tmp_path):
        """Without its folder a name is neither set nor known, and the sentence is that of a log."""
        shutil.rmtree(tmp_path / "newest")
        with pytest.raises(Unavailable, match="cannot store answers"):
            here.set_newest("local", "chat", KEY)
        assert here.newest("local", "chat") is here.take_newest("local", "chat") is None

    def test_a_folder_that_was_removed_is_made_again(self, here, tmp_path, monkeypatch):
        """Removing the folders loses the streams in them, and nothing else."""
        import claude_sse.stream_log.file as file

        monkeypatch.setattr(file, "_FRESH_SECONDS", 0.0)
        for name in ("log", "stops", "readers", "newest"):
            shutil.rmtree(tmp_path / name)
        here.check()
        writer = here.create(KEY, DIGEST)
        writer.append(frame(1))
        assert here.open(KEY).read(1.0) == frame(1)
        writer.close()

    def test_a_folder_that_cannot_be_used_is_a_sentence(self, tmp_path):
        """A folder that cannot be made says what to set."""
        (tmp_path / "file").write_text("")
        with pytest.raises(ValueError, match="STREAM_LOG"):
            open_log(tmp_path / "file/x", 3600.0)


@settings(max_examples=60)
@given(sizes=st.lists(st.integers(0, 200), min_size=1, max_size=30), data=st.data())
def test_any_cut_resumes_without_gap_or_double(tmp_path_factory, sizes, data):
    """However frames are grouped into appends, a reader that leaves anywhere misses nothing."""
    log = FileStreamLog(tmp_path_factory.mktemp("log"), ttl_seconds=3600.0)
    writer = log.create(KEY, DIGEST)
    frames = [frame(n, "z" * size) for n, size in enumerate(sizes, 1)]
    received, after = b"", 0
    while frames:
        group = data.draw(st.integers(1, len(frames)))
        writer.append(b"".join(frames[:group]))
        del frames[:group]
        reader = log.open(KEY, after)
        received += reader.read(0.0)
        after = sse.last_id(received)
        reader.close()
    writer.close()
    assert received == b"".join(frame(n, "z" * size) for n, size in enumerate(sizes, 1))
