"""What Claude, or the network before it, may do."""

from __future__ import annotations

import itertools
import time

from tests.integration.client import data, eventually

from .play import Asked, Play
from .rows import row

#: (row, the stand-in's order, the network's toxics, how it ends, requests to Claude, all came)
ENDS: list[tuple[str, str, str, str, int, bool]] = [
    ("404-model", "fault model_not_found", "", "model_not_found", 1, True),
    ("400", "fault bad_request", "", "rejected", 1, True),
    ("413", "fault too_large", "", "too_long", 1, True),
    ("retry-after-over-20-s", "fault rate_limited retry_after=25", "", "rate_limited", 1, True),
    ("429-without-a-time", "fault rate_limited retry_after=0", "", "rate_limited", 1, True),
    ("429-spend-limit", "fault spend_limit", "", "budget", 1, True),
    ("400-spend-limit", "fault spend_limit_400", "", "budget", 1, True),
    ("402-billing", "fault billing", "", "billing", 1, True),
    ("500-twice", "fault server_error", "", "upstream_error", 2, True),
    ("529-twice", "fault overloaded", "", "overloaded", 2, True),
    ("500-once", "fault server_error times=1", "", "end_turn", 2, True),
    ("529-once", "fault overloaded times=1", "", "end_turn", 2, True),
    ("rst", "fault reset after=5", "", "interrupted", 1, True),
    ("rst-before-the-head", "fault pace", "reset_peer bytes=10", "unreachable", 1, False),
    ("rst-in-the-body", "fault pace", "reset_peer bytes=1300", "interrupted", 1, False),
    ("fin", "fault cut after=5", "", "interrupted", 1, True),
    ("fin-in-a-chunk", "fault cut_chunk after=5", "", "interrupted", 1, True),
    ("fin-by-the-network", "fault pace", "limit_data bytes=1500", "interrupted", 1, False),
    ("broken-json", "fault bad_json after=4", "", "protocol", 1, False),
    ("invalid-utf8", "fault bad_utf8 after=4", "", "protocol", 1, False),
    ("bad-index", "fault bad_index after=4", "", "protocol", 1, False),
    ("wrong-order", "fault wrong_order", "", "protocol", 1, False),
    ("empty-200", "fault empty", "", "protocol", 1, True),
    ("html-200", "fault html", "", "protocol", 1, True),
    ("unknown-events", "fault unknown_events", "", "end_turn", 1, True),
    ("overloaded-after-text", "fault error_event after=4", "", "overloaded", 1, True),
    ("overloaded-before-text", "fault error_event after=0 times=1", "", "end_turn", 2, True),
    ("overloaded-twice", "fault error_event after=0", "", "overloaded", 2, True),
    ("an-event-of-20-mb", "fault huge mb=20", "", "protocol", 1, False),
    ("dribble", "fault dribble", "", "end_turn", 1, True),
    ("dribble-crlf", "fault dribble line_end=crlf", "", "end_turn", 1, True),
    ("slice", "fault slice texts=20", "", "end_turn", 1, True),
    ("slicer", "fault slice n=400 texts=20", "slicer size=7", "end_turn", 1, True),
    ("latency", "fault pace texts=40", "latency ms=20 jitter=30", "end_turn", 1, True),
    ("bandwidth", "fault pace texts=40", "bandwidth kb=20", "end_turn", 1, True),
    ("imitation", "fault imitate", "", "end_turn", 1, True),
    ("imitation-in-bytes", "fault imitate", "slicer size=1", "end_turn", 1, True),
    ("max-tokens", "fault stop_reason reason=max_tokens", "", "max_tokens", 1, True),
    ("refusal", "fault stop_reason reason=refusal", "", "refusal", 1, True),
    ("pause-turn", "fault stop_reason reason=pause_turn", "", "pause_turn", 1, True),
    ("redirect", "fault redirect to=/elsewhere", "", "protocol", 1, True),
    ("events-after-the-end", "fault after_stop", "", "end_turn", 1, True),
    ("slow-close", "fault slow_close ms=1500", "", "end_turn", 1, True),
    ("slow-close-by-network", "fault pace", "slow_close ms=700", "end_turn", 1, True),
    ("gzip", "fault gzip texts=40", "slicer size=11", "end_turn", 1, True),
    ("http10", "fault http10", "", "end_turn", 1, True),
]


def _enter(name: str, order: str, via: str, how: str, requests: int, whole: bool) -> None:
    @row(name, weight=0.05 if " huge " in order else 1.0)  # 20 MB keep their writer busy
    def ends(play: Play) -> None:
        """The stream ends as the row says, with all that came, asked as often as allowed."""
        verb = play.chance.choice(("PUT", "PUT", "POST"))
        asked = play.ask(order, via=via, verb=verb)
        frames = play.ends(asked, how, requests=requests, whole=whole)
        waits = [fields for fields in frames[:-1] if "waiting" in fields]
        assert len(waits) == requests - 1
        if how == "rate_limited":
            assert frames[-1].get("retry_after") == (25 if "=25" in order else None)


for line in ENDS:
    _enter(*line)


@row("refused-key", weight=0)
def refused_key(play: Play) -> None:
    """A refused key is one sentence; for 30 s the next question for that model is not asked."""
    for order, code, model in (
        ("unauthorized", "authentication", "claude-haiku-5-5"),
        ("forbidden", "permission", "claude-opus-5-5"),
    ):
        for _ in range(8):  # two workers, of which each has to learn it
            asked = play.ask(f"fault {order}", model=model)
            last = play.ends(asked, code, requests=(0, 1))[-1]
            assert last["retryable"] is False
        assert 1 <= sum(len(play.heard(asked)) for asked in play.asked[-8:]) <= 2


@row("waits")
def waits(play: Play) -> None:
    """A rate limit of up to 20 s is waited for, with heartbeats, and the answer comes once."""
    asked = play.ask("fault rate_limited retry_after=3 times=1")
    frames = play.ends(asked, requests=2)
    assert frames[0] == {"text": "", "waiting": 3.0, "code": "rate_limited"}
    assert asked.answer.body.count(b": heartbeat") >= 2
    first, second = play.heard(asked)
    assert second.started - first.started >= 3.0


@row("stall")
def stall(play: Play) -> None:
    """Silence in mid-answer keeps the text; Stop ends it immediately, with all of it on the log."""
    asked = play.ask("fault stall after=6")
    asked.answer.read_until(b"word5 ")
    asked.answer.read_until_heartbeats(2)
    _stop(play, asked)
    play.ends(asked, "stopped")


@row("silent-before-the-head")
def silent_headers(play: Play) -> None:
    """While Claude has not sent its head there are heartbeats, and Stop works; nothing is asked."""
    asked = play.ask("fault silent_headers")
    play.upstream(asked)
    asked.answer.read_until_heartbeats(2)
    _stop(play, asked)
    play.ends(asked, "stopped")


@row("black-hole")
def black_hole(play: Play) -> None:
    """The network swallows the answer: heartbeats go on, Stop works, nothing is asked again."""
    asked = play.ask("fault pace texts=500", via="timeout bytes=1100")
    play.upstream(asked)
    asked.answer.read_until_heartbeats(2)
    _stop(play, asked)
    play.ends(asked, "stopped", whole=False)


@row("silent-after-the-head")
def silent(play: Play) -> None:
    """The head and then silence: heartbeats, and Stop works."""
    asked = play.ask("fault silent")
    play.upstream(asked)
    asked.answer.read_until_heartbeats(2)
    _stop(play, asked)
    play.ends(asked, "stopped")


@row("only-pings")
def pings(play: Play) -> None:
    """Pings are not an answer: the reader has heartbeats and nothing else, and Stop works."""
    asked = play.ask("fault pings every_ms=50")
    asked.answer.read_until(b'"model"')
    asked.answer.read_until_heartbeats(2)
    _stop(play, asked)
    assert len(play.ends(asked, "stopped")) == 5  # opening, two thoughts, the end, [DONE]


def _stop(play: Play, asked: Asked) -> None:
    before = time.monotonic()
    with play.keep(play.server.delete(asked.stream)) as reply:
        play.closed(asked, before, "stop")
        assert reply.json()["stop_reason"] == "stopped"


@row("a-burst", weight=0.3)
def burst(play: Play) -> None:
    """Texts as fast as the network brings them arrive complete and in their order."""
    asked = play.ask(f"bench n={play.chance.randint(2000, 6000)} gap_us=0")
    play.ends(asked)
    clocks = [f["text"][:16] for _, f in data(asked.answer.body)[1:-2]]
    assert all(a <= b for a, b in itertools.pairwise(clocks))


@row("left-open")
def left_open(play: Play) -> None:
    """Behind message_stop the socket is closed by us, though Claude leaves it open."""
    asked = play.ask("fault after_stop")
    play.ends(asked)
    exchange = play.heard(asked)[0]
    eventually(lambda: exchange.closed_at)
