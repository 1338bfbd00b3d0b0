"""Where a ledger keeps its books, and how an operator reads them: SQLite and Redis."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from claude_sse.ledger import Ledger, Quotas, open_ledger
from claude_sse.ledger.redis import RedisLedger
from claude_sse.system.redis_address import RedisAddress, parse
from claude_sse.system.redis_connection import RedisServer
from claude_sse.system.redis_steps import RedisSteps
from tests.redis_server import Redis


@dataclass(frozen=True)
class SQLiteBooks:
    """A folder; it may be sent to another process, as every ``Books`` may."""

    folder: Path

    def fresh(self) -> SQLiteBooks:
        """Return empty books of the same kind."""
        return SQLiteBooks(self.folder / uuid.uuid4().hex)

    def ledger(self, **limits: int) -> Ledger:
        """Return a ledger, as one more worker opens it."""
        return open_ledger(self.folder, Quotas(**limits))

    def spent(self) -> dict[tuple[str, str], int]:
        """Return the sums by (day, owner), as an operator with ``sqlite3`` sees them."""
        return {(day, owner): n for day, owner, n in self._select("SELECT * FROM spent")}

    def questions(self) -> tuple[int, int]:
        """Return how many questions are in the books, and how many are being answered."""
        query = "SELECT COUNT(*), COUNT(*) FILTER (WHERE NOT ended) FROM questions"
        [(number, open_ones)] = self._select(query)
        return number, open_ones

    def workers(self) -> int:
        """Return how many workers the ledger takes for alive."""
        return len(list((self.folder / "ledger" / "workers").iterdir()))

    @contextlib.contextmanager
    def out_of_reach(self) -> Iterator[None]:
        """Block every write meanwhile."""
        path = self.folder / "ledger" / "ledger.sqlite"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            yield
            lock.execute("ROLLBACK")

    def _select(self, query: str) -> list[tuple]:
        with contextlib.closing(sqlite3.connect(self.folder / "ledger" / "ledger.sqlite")) as file:
            return file.execute(query).fetchall()


@dataclass(frozen=True)
class RedisBooks:
    """A prefix of the keys of a server."""

    address: RedisAddress
    pid: int

    @classmethod
    def on(cls, server: Redis) -> RedisBooks:
        """Return empty books in this server."""
        return cls(parse(server.url), server.process.pid).fresh()

    def fresh(self) -> RedisBooks:
        """Return empty books of the same kind."""
        prefix = f"t{uuid.uuid4().hex[:12]}"
        return RedisBooks(RedisAddress(self.address.hosts, prefix=prefix), self.pid)

    def steps(self) -> RedisSteps:
        """Return a process's way to the server."""
        return RedisSteps(RedisServer(self.address))

    def ledger(self, **limits: int) -> Ledger:
        """Return a ledger, as one more worker opens it."""
        return RedisLedger(self.steps(), Quotas(**limits))

    def spent(self) -> dict[tuple[str, str], int]:
        """Return the sums by (day, owner), as an operator with ``redis-cli`` sees them."""
        return {
            (key.rpartition(":")[2], owner): int(tokens)
            for key in self.keys("d:*")
            for owner, tokens in self.hash(key).items()
        }

    def questions(self) -> tuple[int, int]:
        """Return how many questions are in the books, and how many are being answered."""
        with contextlib.closing(self.steps()) as steps:
            recent = [steps.call("ZRANGE", key, "0", "-1") for key in self.keys("q:*")]
        recent_ones = {id.decode() for ids in recent for id in ids}
        open_ones = {id for key in self.keys("a:*") for id in self.hash(key)}
        return len(recent_ones | open_ones), len(open_ones)

    def workers(self) -> int:
        """Return how many workers the ledger takes for alive."""
        with contextlib.closing(self.steps()) as steps:
            return int(steps.call("ZCARD", f"{self.address.prefix}:{{ledger}}:alive"))

    def forget(self) -> None:
        """Lose everything, as a server does that restarts empty."""
        with contextlib.closing(self.steps()) as steps:
            steps.call("DEL", *self.keys("*"))

    @contextlib.contextmanager
    def out_of_reach(self) -> Iterator[None]:
        """Let the server stand still meanwhile."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def keys(self, which: str) -> list[str]:
        """Return the keys of the ledger that match; the program itself never asks for them."""
        pattern = f"{self.address.prefix}:{{ledger}}:{which}"
        with contextlib.closing(self.steps()) as steps:
            return sorted(key.decode() for key in steps.call("KEYS", pattern))

    def hash(self, key: str) -> dict[str, str]:
        """Return a hash of the server."""
        with contextlib.closing(self.steps()) as steps:
            return {k.decode(): v.decode() for k, v in steps.call("HGETALL", key).items()}
