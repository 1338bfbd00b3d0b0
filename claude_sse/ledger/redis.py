"""The ledger in Redis, for all machines: one Lua function for each step (``redis_lua``).

A step that Redis does not answer in time may have happened. A question in that doubt is refused,
and withdrawn later, also where the withdrawal arrives first; an end in doubt is booked again, which
changes nothing if it was booked before.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
import time
import weakref

from ..protocol.errors import OverLimit, Unavailable
from ..system.redis_address import RedisAddress
from ..system.redis_connection import RedisDown, RedisServer
from ..system.redis_steps import RedisSteps
from . import denials, redis_lua
from .base import MINUTE_SECONDS, Quotas, Reservation
from .redis_worker import Worker
from .retry_queue import RetryQueue

log = logging.getLogger(__name__)

ADMIT_SECONDS = 2.0
#: How long the end of an answer waits for Redis, and with it the answer's last frame. After a
#: failure it does not wait: the end is booked by the retry queue.
BOOK_SECONDS = 0.5
#: How long a thread waits for another one that tells Redis the share of this worker.
_SEEDING_SECONDS = 1.0
#: How long a worker counts as alive after its last sign of life, by the clock of Redis.
ALIVE_SECONDS = 12.0
RENEW_SECONDS = 2.0


class RedisLedger:
    """Implements ``base.Ledger``; before the first step there is no connection and no thread."""

    def __init__(self, redis: RedisSteps, quotas: Quotas) -> None:
        self._redis = redis
        self._epoch_key = redis.key("{ledger}:epoch")
        self._quotas = quotas
        self._worker = Worker()
        self._lock = threading.Lock()
        self._is_down = False
        self._retries = RetryQueue(self._retry)

    def admit(
        self, owner: str, tokens: int, now: float, quotas: Quotas | None = None
    ) -> Reservation:
        """See ``base.Ledger.admit``."""
        quotas = quotas or self._quotas
        reservation = Reservation.new(owner, tokens, now)
        if self._retries.pending():
            self._retry()
        try:
            answer = self._admit(reservation, quotas)
        except Unavailable:
            self._here().end(reservation, None)
            self._retries.add((reservation, None))
            raise
        if answer[0] != b"ok":
            self._here().end(reservation, None)
            raise _denial(answer, quotas, now)
        return reservation

    def settle(self, reservation: Reservation, tokens: int) -> None:
        """See ``base.Ledger.settle``."""
        self._book(reservation, tokens)

    def withdraw(self, reservation: Reservation) -> None:
        """See ``base.Ledger.withdraw``."""
        self._book(reservation, None)

    def check(self) -> None:
        """See ``base.Ledger.check``."""
        self._step(redis_lua.RENEW, self._here().name, _alive_ms())

    def _admit(self, reservation: Reservation, quotas: Quotas) -> list[bytes]:
        """Return the answer of an epoch that still lasts when the share has the reservation."""
        worker = self._here()
        question = _question(reservation, worker, quotas)
        while True:
            answer, epoch = self._step(redis_lua.ADMIT, *question)
            if answer[0] == b"ok":
                worker.begin(reservation)
            if worker.epoch == epoch:
                return answer

    def _book(self, reservation: Reservation, tokens: int | None) -> None:
        """Book an end, now or later. The share has it first: Redis may be seeded meanwhile."""
        self._here().end(reservation, tokens)
        try:
            if self._is_down:
                raise Unavailable("Redis does not answer.")
            self._write(reservation, tokens, BOOK_SECONDS)
        except Unavailable:
            self._retries.add((reservation, tokens))

    def _retry(self) -> None:
        bookings = self._retries.pending()
        for reservation, tokens in bookings:
            self._write(reservation, tokens, ADMIT_SECONDS)
        self._retries.remove(bookings)

    def _write(self, reservation: Reservation, tokens: int | None, within: float) -> None:
        cost = "-1" if tokens is None else str(tokens)
        step = (redis_lua.BOOK, reservation.owner, str(reservation.id), cost)
        self._step(*step, within=within)

    def _step(self, step: str, *args: str, within: float = 0.0) -> tuple[list[bytes], str]:
        """Return the answer of a step, and its epoch, which has this worker's share."""
        worker = self._here()
        try:
            for _ in range(3):
                epoch = worker.epoch
                answer: list[bytes] = self._redis.run(
                    step, self._epoch_key, epoch, *args, within=within or ADMIT_SECONDS
                )
                if answer[0] != b"forgotten":
                    self._note(None)
                    return answer, epoch
                self._seed(worker, epoch)
            raise RedisDown("it loses its data again and again")
        except RedisDown as exc:
            self._note(exc)
            raise Unavailable(
                "The server cannot count tokens right now (Redis, which counts for all machines, "
                "does not answer or takes no writes), so it accepts no questions.",
                code="ledger_unavailable",
                retry_after=5,
            ) from exc

    def _seed(self, worker: Worker, epoch: str) -> None:
        """Tell a Redis that does not know this epoch what this worker has spent and reserved."""
        if not worker.seeding.acquire(timeout=_SEEDING_SECONDS):
            raise RedisDown("it does not take this worker's share")
        try:
            if worker.epoch == epoch:  # no other thread was faster
                share = json.dumps(worker.share(), ensure_ascii=False)
                words = (secrets.token_hex(8), worker.name, _alive_ms(), share)
                found, is_new = self._redis.run(redis_lua.SEED, self._epoch_key, *words)
                worker.epoch = found.decode()
                _tell_epoch(was_known=epoch != "", is_new=is_new == b"new")
        finally:
            worker.seeding.release()

    def _note(self, failure: RedisDown | None) -> None:
        """Say in the log that Redis fails, or does so no longer; each once."""
        was_down, self._is_down = self._is_down, failure is not None
        if failure is not None and not was_down:
            log.error("ledger: no question is admitted: Redis: %s", failure)
        elif failure is None and was_down:
            log.warning("ledger: Redis counts again; questions are admitted")

    def _here(self) -> Worker:
        """Return this process, which from now on renews its sign of life."""
        if self._worker.pid != os.getpid() or not self._worker.is_renewed:
            with self._lock:
                if self._worker.pid != os.getpid():
                    self._worker = Worker()
                if not self._worker.is_renewed:
                    self._worker.is_renewed = _start_renewing(self)
        return self._worker


def open_in_redis(address: RedisAddress, quotas: Quotas) -> RedisLedger:
    """Return the ledger that all machines have in this Redis."""
    return RedisLedger(RedisSteps(RedisServer(address)), quotas)


def _start_renewing(ledger: RedisLedger) -> bool:
    """Return whether a thread could be started; otherwise questions alone are signs of life."""
    thread = threading.Thread(
        target=_renew, args=[weakref.ref(ledger)], name="ledger-alive", daemon=True
    )
    with contextlib.suppress(RuntimeError):
        thread.start()
        return True
    return False


def _renew(ledger: weakref.ref[RedisLedger]) -> None:
    """Renew the sign of life, which also notices a Redis that forgot, until the ledger is gone."""
    while True:
        time.sleep(RENEW_SECONDS)
        here = ledger()
        if here is None:
            return
        with contextlib.suppress(Unavailable):
            here.check()
        del here


def _tell_epoch(*, was_known: bool, is_new: bool) -> None:
    if was_known:
        log.error(
            "ledger: Redis has forgotten what was spent (it restarted empty, or was flushed): this "
            "worker has told it its own share; what ended workers spent today is not counted"
        )
    elif is_new:
        log.warning("ledger: Redis has no count of tokens yet; a new one begins")


def _question(reservation: Reservation, worker: Worker, quotas: Quotas) -> list[str]:
    at = reservation.at
    numbers = (quotas.questions, quotas.answers, quotas.owner_tokens, quotas.tokens)
    return [
        worker.name,
        _alive_ms(),
        reservation.owner,
        str(reservation.id),
        repr(at),
        denials.day_of(at),
        str(reservation.tokens),
        repr(at - MINUTE_SECONDS),
        repr(at + MINUTE_SECONDS),
        *map(str, numbers),
    ]


def _denial(answer: list[bytes], quotas: Quotas, now: float) -> OverLimit | Unavailable:
    """Return the error for an answer of ``redis_lua.ADMIT`` other than ok."""
    why, *more = (word.decode() for word in answer)
    if why == "questions":
        return denials.too_many_questions(quotas.questions, float(more[0]), now)
    if why == "long":
        return denials.too_long(int(more[1]), int(more[0]))
    if why == "used":
        return denials.used_up(own=more[0] == "own", now=now)
    if why == "reserved":
        return denials.reserved(own=more[0] == "own")
    if why == "answers":
        return denials.too_many_answers(quotas.answers)
    return Unavailable("The question was withdrawn before it was admitted.")


def _alive_ms() -> str:
    return f"{ALIVE_SECONDS * 1000:.0f}"
