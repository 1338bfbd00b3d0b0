"""Answers that search, on a real server: a continued turn is one stream, also for Stop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from claude_sse.standin import StandIn
from tests.slack import within

from .client import Answer, data, logged, objects
from .running import Server, exchanges, new_id, serve
from .test_stopping import STOPPED_WITHIN_SECONDS


@pytest.fixture(scope="module")
def servers(standin: StandIn) -> Iterator[list[Server]]:
    with serve(standin, 2, HEARTBEAT_SECONDS=0.3, WEB_SEARCH_MAX_USES=5) as servers:
        yield servers


def search(server: Server, stream: str, order: str) -> Answer:
    body = {"messages": [{"role": "user", "content": order}], "web_search": True}
    return server.ask("PUT", f"/streams/{stream}", body)


def test_a_continued_turn_is_one_stream(
    servers: list[Server], standin: StandIn, nonce: str
) -> None:
    """Its frames are numbered on, end once, and are the same for a reader that comes in between."""
    here, there = servers
    stream = new_id()
    with search(here, stream, f"fault search uses=3 pauses=2 gap_ms=20 {nonce}") as answer:
        answer.read_until(b'"sources"')
        with there.get(stream, 2) as reader:
            rest = data(reader.rest())
        frames = data(answer.rest())
    assert len(exchanges(standin, nonce)) == 3
    assert rest == frames[2:]
    kinds = [name for _, fields in frames[:-1] for name in fields]
    assert kinds.count("activity") == kinds.count("sources") == 3 and kinds.count("citation") == 2
    assert kinds.count("stop_reason") == kinds.count("model") == 1
    assert frames[-2][1]["usage"]["web_search_requests"] == 3


@pytest.mark.parametrize("worker", ["here", "there"])
def test_stop_cuts_a_continued_turn(
    servers: list[Server], standin: StandIn, nonce: str, worker: str
) -> None:
    """DELETE ends the request that runs now, as fast as is promised, with the usage of all."""
    here, there = servers
    stream = new_id()
    with search(here, stream, f"fault search uses=2 pauses=1 stall=1 {nonce}") as answer:
        while answer.body.count(b'"sources"') < 2:
            assert answer.read()
        first, second = exchanges(standin, nonce)
        with within(STOPPED_WITHIN_SECONDS[worker]):
            with (here if worker == "here" else there).delete(stream) as reply:
                assert reply.json()["stop_reason"] == "stopped"
            standin.wait(lambda _: second.closed_at)
        *_, ended = objects(answer.rest())
    assert ended["usage"]["estimated"] and ended["usage"]["web_search_requests"] == 2
    assert ended["usage"]["input_tokens"] > first.counted["read"]
    with there.get(stream) as log:
        assert logged(log.rest()) == logged(answer.body)
