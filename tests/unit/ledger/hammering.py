"""What other processes do with a ledger; they import this module and little else."""

import os
import random
import threading

from claude_sse.ledger import redis
from claude_sse.protocol.errors import OverLimit

NOON = 1_795_348_800.0  # Sunday, 22 November 2026, 12:00 UTC
ROOMS = [({"tokens": 137}, 13), ({"owner_tokens": 50}, 10), ({"questions": 3}, 6)]


def hammer(rooms, number, together, held, results):
    """Fill each of the rooms, then spend in the last books; put what was admitted."""
    redis.ADMIT_SECONDS = redis.BOOK_SECONDS = 60.0  # the machine may be slow
    admitted = [0] * len(ROOMS)
    for room, (limits, _) in enumerate(ROOMS):
        ledger = rooms[room].ledger(**limits)
        together.wait(120)
        for _ in range(20):
            try:
                ledger.admit(f"o{number % 2}", 10, NOON)
                admitted[room] += 1
            except OverLimit:
                pass
    spend(rooms[-1], number, together, held)
    results.put(admitted)
    os._exit(0)  # without any clean-up


def spend(books, number, together, held):
    luck = random.Random(number)
    ledger = books.ledger(tokens=1000, answers=4)
    together.wait(120)
    for _ in range(60):
        tokens = luck.randint(1, 400)
        try:
            reservation = ledger.admit("a", tokens, NOON)
        except OverLimit:
            continue
        cost = luck.randint(0, tokens // 40)
        with held.get_lock():  # as the threads above do
            held[0] += tokens
            held[1] += 1
            if held[0] > 1000 or held[1] > 4:
                os._exit(1)
        with held.get_lock():
            held[0] -= tokens - cost
            held[1] -= 1
        ledger.settle(reservation, cost)


def hold(books, held):
    redis.ALIVE_SECONDS = 1.0  # instead of 12
    ledger = books.ledger(answers=2, tokens=1000)
    for _ in range(2):
        ledger.admit("a", 100, NOON)
    held.set()
    threading.Event().wait()
