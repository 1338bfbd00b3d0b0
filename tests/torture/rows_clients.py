"""What those who read may do: leave, come back, stall, stop, ask twice."""

from __future__ import annotations

import time

from tests.integration.client import Answer, data, logged, text
from tests.integration.running import new_id
from tests.slack import within

from .chaos import Proxy
from .cuts import come_back_until_the_end, whole_frames
from .play import Asked, Play, joined
from .rows import row

_PACE = "fault pace texts=40 gap_ms=15"


@row("reads-to-the-end")
def read_to_the_end(play: Play) -> None:
    """A reader who stays has the whole answer, and each text soon after Claude wrote it."""
    seconds = play.chance.uniform(0.5, 1.5)
    asked = play.ask(f"bench n={int(seconds * 20)} gap_us=50000")
    play.ends(asked)


@row("leave-before-the-first-byte")
def leave_early(play: Play) -> None:
    """A client that left before the first text finds the whole answer on return, asked once."""
    asked = play.ask("fault slow_headers ms=300")
    _leave(play, asked)
    play.ends(asked, reader=play.get(asked.stream))


@row("leave-and-return-anywhere")
def leave_and_return(play: Play) -> None:
    """Cut off and back many times, at any byte: the text is there once, asked once."""
    asked = play.ask(play.chance.choice((_PACE, "fault slice n=50 texts=30")))
    asked.answer.read_until(b"id: 1\n")
    _leave(play, asked)
    began = whole_frames(asked.answer.body)
    with Proxy(play.server.port) as network:
        log, _ = come_back_until_the_end(network, asked.stream, play.chance, 700, began)
    whole = play.get(asked.stream)
    play.ends(asked, reader=whole)
    assert log == logged(whole.body)


@row("leave-at-the-last-frame")
def leave_at_the_end(play: Play) -> None:
    """A client that leaves at the last frame gets it again, or is told that nothing follows."""
    asked = play.ask("fault pace texts=5 gap_ms=2")
    asked.answer.read_until(b"stop_reason")
    _leave(play, asked)
    log = play.get(asked.stream)
    last = play.ends(asked, reader=log) and data(log.body)[-1][0]
    tail = play.get(asked.stream, last - 1)
    assert data(tail.rest()) == [(last, "[DONE]")]
    assert play.get(asked.stream, last).status == 204


@row("stops-reading-for-a-while", weight=0.3)
def stall(play: Play) -> None:
    """A reader that stalls delays no other reader, and has everything when it reads on."""
    # More than the sockets hold. Not with the least of buffers: a window that is smaller than a
    # packet makes the kernel wait for its timers when it is read on.
    asked = play.ask("bench n=6000 gap_us=50 pad=1500", receive_buffer=1 << 16)
    other = play.get(asked.stream)
    assert joined(text(other.rest())) == play.heard(asked)[0].sent
    play.ends(asked)


@row("asked-twice")
def asked_twice(play: Play) -> None:
    """The same question with the same id, during and after, is one stream; another one is 409."""
    asked = play.ask(_PACE)
    path = f"/streams/{asked.stream}"
    second = play.served("PUT", path, asked.body)
    other = {"messages": [{"role": "user", "content": "something else"}]}
    assert play.served("PUT", path, other).status == 409
    play.ends(asked)
    third = play.served("PUT", path, asked.body)
    for again in (second, third):
        assert again.status == 200
        assert logged(again.rest()) == logged(asked.answer.body)
    assert len(play.heard(asked)) == 1


@row("resume-where-nothing-is")
def nothing_there(play: Play) -> None:
    """Malformed, future and unknown places are 400 and 404; none of them asks Claude."""
    asked = play.ask("fault pace texts=3 gap_ms=1")
    play.ends(asked)
    for after in ("99", "-1", "1e3", "0x1", "１", "1\t2", "9" * 30):
        raw = after.encode().decode("latin-1")
        assert play.keep(play.server.get(asked.stream, after=raw)).status == 400, after
    for verb in ("GET", "DELETE"):
        assert play.keep(play.server.ask(verb, f"/streams/{new_id()}")).status == 404
    assert len(play.heard(asked)) == 1


@row("five-viewers")
def five_viewers(play: Play) -> None:
    """Five viewers on whatever worker see the same bytes; one that leaves disturbs none."""
    asked = play.ask(_PACE)
    viewers = [play.get(asked.stream) for _ in range(5)]
    viewers[0].read_until(b"word3 ")
    viewers[0].reset()
    play.ends(asked)
    for viewer in viewers[1:]:
        assert logged(viewer.rest()) == logged(asked.answer.body)


@row("stop-in-mid-answer")
def stop(play: Play) -> None:
    """Stop ends the answer immediately and keeps its text; a second one changes nothing."""
    asked = play.ask("fault pace texts=9999 gap_ms=20")
    asked.answer.read_until(b"word4 ")
    before = time.monotonic()
    reply = play.keep(play.server.delete(asked.stream))
    play.closed(asked, before, "stop")
    kept = reply.json()
    frames = play.ends(asked, "stopped", whole=False)
    assert kept["last_event_id"] == len(frames)
    assert play.keep(play.server.delete(asked.stream)).json() == kept


@row("stop-while-waiting")
def stop_waiting(play: Play) -> None:
    """Stop in the wait for a second attempt is immediate, and nothing more is asked."""
    asked = play.ask("fault rate_limited retry_after=15")
    asked.answer.read_until(b'"waiting":15')
    with within(0.3):  # of the 15 s that it would wait
        assert play.keep(play.server.delete(asked.stream)).json()["stop_reason"] == "stopped"
        play.ends(asked, "stopped")


@row("stop-without-a-reader")
def stop_unread(play: Play) -> None:
    """A stream without readers can be stopped, too."""
    asked = play.ask("fault stall after=3")
    asked.answer.read_until(b"word2 ")
    asked.answer.leave()
    before = time.monotonic()
    assert play.keep(play.server.delete(asked.stream)).json()["ended"] is True
    play.closed(asked, before, "stop")
    play.ends(asked, "stopped", reader=play.get(asked.stream))


@row("departure-of-a-tutorial-client")
def depart(play: Play) -> None:
    """No client can return to POST /stream: Claude is told within a second of silence."""
    order = play.chance.choice(("silent_headers", "silent", "stall after=2", "pings"))
    asked = play.ask(f"fault {order}", verb="POST")
    play.upstream(asked)
    before = time.monotonic()
    with within(1.0):
        _leave(play, asked)
        play.closed(asked, before, "departure")
    play.outcomes["departed"] += 1


def _leave(play: Play, asked: Asked) -> Answer:
    asked.answer.reset() if play.chance.random() < 0.5 else asked.answer.leave()
    return asked.answer
