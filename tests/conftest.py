"""What every test may ask for: a stand-in for Claude, a word of its own, programs."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import time
import traceback
import uuid
import warnings
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType

import pytest
from hypothesis import HealthCheck, settings

from claude_sse.standin import StandIn
from tests.integration.client import connected
from tests.integration.running import begun, stop_all
from tests.redis_server import Redis

pytest_plugins = ["tests.again", "tests.left_out", "tests.order"]
_HAS_FAILED = pytest.StashKey[bool]()
_TRACE = pytest.StashKey[TracebackType | None]()

# The machines that run this are slow at times, which says nothing about the program.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[_HAS_FAILED] = True
        item.stash[_TRACE] = call.excinfo.tb if call.excinfo else None
    return report


@pytest.fixture(autouse=True)
def _a_failure_is_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what a test that failed has begun, in which the next one would find a server full.

    And close what it has left open, which would fail the next one as a warning.
    """
    begun.clear()
    connected.clear()
    request.node.stash[_HAS_FAILED] = False  # it may be tried again
    yield
    if request.node.stash[_HAS_FAILED]:
        stop_all()
        for sock in connected:
            sock.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            # sys.last_traceback has none where pytest.fail() or a time-out ended the test.
            traceback.clear_frames(request.node.stash[_TRACE])
            gc.collect()
    connected.clear()


@pytest.fixture(scope="session")
def standin() -> Iterator[StandIn]:
    """The far side of the network, shared by all tests; tell your requests by ``nonce``."""
    with StandIn() as standin:
        yield standin
    assert not standin.malformed, "these tests order what the stand-in does not know"


@pytest.fixture
def nonce() -> str:
    """A word that no other test has in its prompts."""
    return f"n{uuid.uuid4().hex[:12]}"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], int]:
    """How many files below ``tmp_path`` this process has open; others come and go with garbage."""

    def target(descriptor: Path) -> str:
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile, or the listing's own
            return str(descriptor.readlink())
        return ""

    here = f"{tmp_path}/"
    return lambda: sum(target(fd).startswith(here) for fd in Path("/proc/self/fd").iterdir())


@pytest.fixture
def one_day() -> None:
    """For what counts by the day: midnight UTC is a minute away, or over."""
    left = 86400 - time.time() % 86400
    if left < 60:
        time.sleep(left)


@pytest.fixture(scope="session")
def shared_redis(
    require: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Redis]:
    """A Redis for all tests that do not harm it; tell your keys by a prefix of your own."""
    redis = Redis(tmp_path_factory.mktemp("redis"), program=require("redis-server"))
    yield redis
    redis.kill()


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """Like ``shared_redis``, but a Valkey: the one on PATH, or that of ``script/clients``."""
    path = f"{os.environ['PATH']}:{Path(__file__).parents[1] / '.venv/valkey'}"
    program = shutil.which("valkey-server", path=path)
    if program is None or not os.environ.get("CLAUDE_SSE_TEST_ALL"):
        pytest.skip("Valkey is tried by script/test --all")
    valkey = Redis(tmp_path_factory.mktemp("valkey"), program=program)
    assert valkey.command("INFO", "server")["server_name"] == "valkey"
    yield valkey
    valkey.kill()


@pytest.fixture
def start_redis(require: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[..., Redis]]:
    """``start_redis(*options, url="")`` starts a Redis of this test's own; it is killed after."""
    started: list[Redis] = []

    def start(*options: str, url: str = "") -> Redis:
        folder = tmp_path / f"redis-{len(started)}"
        folder.mkdir()
        started.append(Redis(folder, *options, url=url, program=require("redis-server")))
        return started[-1]

    yield start
    for redis in started:
        redis.kill()


@pytest.fixture(scope="session")
def require() -> Callable[[str], str]:
    """``require("nginx")`` returns the program's path; where it is missing the test is left out."""

    def path_of(program: str) -> str:
        path = shutil.which(program)
        if path is None:
            pytest.skip(f"there is no {program} here")
        return path

    return path_of
