"""The thread that drives a producer: the first reader's, then a writer thread."""

import threading
import time

import pytest

from claude_sse.protocol import sse
from claude_sse.stream_log import WriterLost
from claude_sse.stream_log.file import FileStreamLog
from claude_sse.streaming.producer import STALL_SECONDS, Producer

BATCHES = 20


class Written:
    """A stream whose every batch notes the thread that pulled it; no supervisor checks it."""

    def __init__(self, folder):
        self.log = FileStreamLog(folder, ttl_seconds=3600.0)
        self.writer = self.log.create("a/1", "d" * 64)
        self.pullers = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.left = 0
        self.producer = Producer(self._produce())
        self.first = self.producer.attach(self.log.open("a/1"), self._leave)

    def _leave(self):
        self.left += 1

    def _produce(self):
        for number in range(1, BATCHES + 1):
            self.may_go_on.wait()
            self.pullers.append(threading.get_ident())
            frames = sse.encode(number, {"text": f"word{number} "})
            self.writer.append(frames)
            if number == BATCHES:
                self.writer.close()
                self.producer.finish()
            yield frames

    def rest(self, after):
        """What another reader reads from the log until nothing can follow."""
        reader = self.log.open("a/1", after)
        frames = b""
        try:
            while True:
                frames += (read := reader.read(10.0))
                assert read, "no thread continues the answer"
        except WriterLost:
            return frames
        finally:
            reader.close()


@pytest.fixture
def written(tmp_path):
    return Written(tmp_path)


def writers():
    """The writer threads; those of other tests may end at any time."""
    return {thread for thread in threading.enumerate() if thread.name == "writer"}


def numbers(frames):
    return [int(fields["text"][4:]) for fields in sse.objects(frames)]


def test_the_reader_that_drives_receives_what_it_pulled(written):
    """The first reader receives every batch once, in its own thread, and nothing after the end."""
    assert numbers(b"".join(written.first.read(0.0) for _ in range(BATCHES))) == list(range(1, 21))
    assert written.pullers == [threading.get_ident()] * BATCHES
    assert written.producer.is_finished
    with pytest.raises(WriterLost):
        written.first.read(0.0)
    written.first.close()
    assert written.left == 0


def test_a_steady_first_reader_stays_the_driver(written):
    """No check hands over a producer that was pulled less than a second ago."""
    for _ in range(BATCHES):
        before = time.monotonic()
        assert written.first.read(0.0)
        written.producer.hand_over(before, STALL_SECONDS)
        written.producer.hand_over(before + STALL_SECONDS * 0.99, STALL_SECONDS)
    assert written.pullers == [threading.get_ident()] * BATCHES


def test_a_stalled_first_reader_is_replaced(written):
    """One that has not pulled for a second reads the log, which a writer thread continues."""
    received = written.first.read(0.0)
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    assert numbers(received + written.rest(1)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 2 and threading.get_ident() not in written.pullers[1:]
    while len(numbers(received)) < BATCHES:
        received += written.first.read(10.0)
    assert numbers(received) == list(range(1, BATCHES + 1))


def test_a_driver_that_leaves_hands_over(written):
    """A writer thread continues the answer as soon as the first reader has left."""
    received = written.first.read(0.0)
    written.first.close()
    assert numbers(received + written.rest(1)) == list(range(1, BATCHES + 1))
    assert written.left == 1 and threading.get_ident() not in written.pullers[1:]


def test_a_reader_that_waited_during_the_hand_over_pulls_nothing(written):
    """It reads what the writer thread pulls, and misses nothing."""
    read = []
    written.producer._pulling.acquire()  # as the supervisor does
    late = threading.Thread(target=lambda: read.append(written.first.read(10.0)), daemon=True)
    late.start()
    time.sleep(0.1)  # until it waits for the lock; a later one only makes the test see less
    written.producer._replace(written.first)
    written.producer._pulling.release()
    late.join()
    assert numbers(written.rest(0)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 1 and numbers(read[0])[0] == 1


def test_a_reader_that_leaves_without_driving_changes_nothing(written):
    """No second writer thread starts when the replaced first reader leaves."""
    written.may_go_on.clear()
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    before = writers()
    written.first.close()
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    assert not writers() - before
    written.may_go_on.set()
    assert numbers(written.rest(0)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 1


def test_a_producer_is_not_handed_over_during_a_pull(written):
    """While the first reader waits for Claude, however long, it stays the driver."""
    written.may_go_on.clear()
    thread = threading.Thread(target=written.first.read, args=[0.0], daemon=True)
    thread.start()
    while not written.producer._pulling.locked():  # no event reports that the pull has begun
        time.sleep(0.001)
    before = writers()
    written.producer.hand_over(time.monotonic() + 60.0, STALL_SECONDS)
    assert not writers() - before
    written.may_go_on.set()
    thread.join()
    assert numbers(written.first.read(0.0)) == [2]
    assert written.pullers[1] == threading.get_ident()
