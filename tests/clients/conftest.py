"""A server that answers, two that refuse, and a network before each that counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from claude_sse.standin import StandIn

from ..browser.devtools import Chromium
from ..integration.running import ROOT, Server, exchanges, new_id, serve
from .network import Network

#: How many answers the servers that refuse write concurrently.
ROOM = 3


@pytest.fixture(scope="module")
def chromium(require: Callable[[str], str]) -> Iterator[Chromium]:
    """A browser whose tabs can really be hidden, where its clients are installed."""
    for name in ("sse.js", "ai-react-5"):
        if not (ROOT / "node_modules" / name).is_dir():
            pytest.skip(f"there is no {name} here: run npm ci")
    with Chromium(require("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def _server(standin: StandIn) -> Iterator[Server]:
    with serve(standin, 1, HEARTBEAT_SECONDS=0.3, WEB_SEARCH_MAX_USES=3) as [server]:
        yield server


@pytest.fixture
def network(_server: Server) -> Iterator[Network]:
    """The way to a server that answers."""
    network = Network(_server.port)
    yield network
    network.close()
    _server.check()


class Full:
    """A server without room for another answer, until ``free()``."""

    def __init__(self, server: Server, status: int, network: Network) -> None:
        self.status = status
        self.network = network
        self._server = server
        self._held = [new_id() for _ in range(ROOM)]
        self._answers = [server.put(stream, f"fault silent {stream}") for stream in self._held]
        assert [answer.status for answer in self._answers] == [201] * ROOM

    def free(self) -> None:
        """Make room."""
        for stream, answer in zip(self._held, self._answers, strict=True):
            self._server.delete(stream).leave()
            answer.rest()
            answer.leave()


@pytest.fixture(params=[429, 503])
def full(standin: StandIn, request: pytest.FixtureRequest) -> Iterator[Full]:
    """A server that refuses questions with this status: the reader's own limit, or everybody's."""
    limit = "MAX_STREAMS_PER_OWNER" if request.param == 429 else "MAX_STREAMS"
    with serve(standin, 1, **{limit: ROOM}) as [server]:
        with contextlib.closing(Network(server.port)) as network:
            yield Full(server, request.param, network)
        server.check()


def asked(standin: StandIn, nonce: str) -> int:
    """Return how often Claude was asked this."""
    return len(exchanges(standin, nonce))
