"""Servers that several stories share; each is checked for a traceback after every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from claude_sse.standin import StandIn

from .running import Server, serve


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def servers(standin: StandIn) -> Iterator[list[Server]]:
    with serve(standin, 2, HEARTBEAT_SECONDS=0.3) as servers:
        yield servers


@pytest.fixture
def here(servers: list[Server]) -> Iterator[Server]:
    """A server of one worker: whatever is asked here meets in one process."""
    yield servers[0]
    servers[0].check()


@pytest.fixture
def there(servers: list[Server]) -> Iterator[Server]:
    """The other process, with the same folder of streams: what another worker is to ``here``."""
    yield servers[1]
    servers[1].check()


@pytest.fixture(params=["here", "there"])
def somewhere(request: pytest.FixtureRequest) -> Server:
    """First the process of the stream's writer, then the other one; start the stream ``here``."""
    return request.getfixturevalue(request.param)
