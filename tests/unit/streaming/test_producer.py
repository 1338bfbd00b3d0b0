"""Who pulls an answer: its first reader while it reads, a thread of ours from then on."""

import threading
import time

import pytest

from claude_sse.protocol import sse
from claude_sse.stream_log import WriterLost
from claude_sse.stream_log.file import FileStreamLog
from claude_sse.streaming.producer import STALL_SECONDS, Producer

BATCHES = 20


class Written:
    """A stream on a log whose every batch notes who pulled it; no watch looks at it."""

    def __init__(self, folder):
        self.log = FileStreamLog(folder)
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
        """What another reader finds on the log until nothing can follow, and no later."""
        reader = self.log.open("a/1", after)
        came = b""
        try:
            while True:
                came += (read := reader.read(10.0))
                assert read, "nobody goes on with the answer"
        except WriterLost:
            return came
        finally:
            reader.close()


@pytest.fixture
def written(tmp_path):
    return Written(tmp_path)


def writers():
    """The threads that write; those of other tests may end at any time."""
    return {thread for thread in threading.enumerate() if thread.name == "writer"}


def numbers(frames):
    return [int(fields["text"][4:]) for fields in sse.objects(frames)]


def test_the_reader_that_pulls_is_given_what_it_pulled(written):
    """The first reader receives every batch once, in its own thread, and nothing behind the end."""
    assert numbers(b"".join(written.first.read(0.0) for _ in range(BATCHES))) == list(range(1, 21))
    assert written.pullers == [threading.get_ident()] * BATCHES
    assert written.producer.is_finished
    with pytest.raises(WriterLost):
        written.first.read(0.0)
    written.first.close()
    assert written.left == 0


def test_a_steady_first_reader_keeps_the_pen(written):
    """However often the watch looks, it takes no producer that was used less than a second ago."""
    for _ in range(BATCHES):
        before = time.monotonic()
        assert written.first.read(0.0)
        written.producer.hand_over(before, STALL_SECONDS)
        written.producer.hand_over(before + STALL_SECONDS * 0.99, STALL_SECONDS)
    assert written.pullers == [threading.get_ident()] * BATCHES


def test_a_stalled_first_reader_loses_the_pen(written):
    """One that has not pulled for a second does not pull again: a thread goes on, and it reads."""
    came = written.first.read(0.0)
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    assert numbers(came + written.rest(1)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 2 and threading.get_ident() not in written.pullers[1:]
    while len(numbers(came)) < BATCHES:
        came += written.first.read(10.0)
    assert numbers(came) == list(range(1, BATCHES + 1))


def test_who_leaves_with_the_pen_hands_it_on(written):
    """A thread goes on with the answer as soon as the first reader is gone, unasked."""
    came = written.first.read(0.0)
    written.first.close()
    assert numbers(came + written.rest(1)) == list(range(1, BATCHES + 1))
    assert written.left == 1 and threading.get_ident() not in written.pullers[1:]


def test_a_reader_that_comes_too_late_pulls_nothing(written):
    """Who waits to pull while the producer passes on reads what the thread pulls, and misses nothing."""
    read = []
    written.producer._hand.acquire()  # as the watch does
    late = threading.Thread(target=lambda: read.append(written.first.read(10.0)))
    late.start()
    time.sleep(0.1)  # until it waits for its turn; where it does not yet, there is nothing to see
    written.producer._pass_on(written.first)
    written.producer._hand.release()
    late.join()
    assert numbers(written.rest(0)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 1 and numbers(read[0])[0] == 1


def test_who_leaves_without_the_pen_changes_nothing(written):
    """The thread that goes on is not joined by another one when the first reader leaves at last."""
    written.may_go_on.clear()
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    before = writers()
    written.first.close()
    written.producer.hand_over(time.monotonic() + STALL_SECONDS, STALL_SECONDS)
    assert not writers() - before
    written.may_go_on.set()
    assert numbers(written.rest(0)) == list(range(1, BATCHES + 1))
    assert len(set(written.pullers)) == 1


def test_a_pen_is_not_taken_out_of_a_hand_that_writes(written):
    """While the first reader waits for Claude, however long, the producer stays with it."""
    written.may_go_on.clear()
    thread = threading.Thread(target=written.first.read, args=[0.0])
    thread.start()
    while not written.producer._hand.locked():  # no event tells that it has begun
        time.sleep(0.001)
    before = writers()
    written.producer.hand_over(time.monotonic() + 60.0, STALL_SECONDS)
    assert not writers() - before
    written.may_go_on.set()
    thread.join()
    assert numbers(written.first.read(0.0)) == [2]
    assert written.pullers[1] == threading.get_ident()
