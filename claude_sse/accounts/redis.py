"""The sign-ins of all machines: sessions and attempts in Redis."""

from __future__ import annotations

import hmac
import logging

from ..protocol.errors import Unavailable
from ..system.redis_address import RedisAddress
from ..system.redis_connection import RedisDown, RedisServer
from ..system.redis_steps import RedisSteps
from .redis_attempts import RedisAttempts
from .redis_sessions import RedisSessions

log = logging.getLogger(__name__)


class RedisSignIns:
    """Implements ``base.SignIns``; makes no connection before it is asked."""

    def __init__(self, address: RedisAddress, secret: str) -> None:
        """``secret`` is the same on all machines, and so is the id that is made of it."""
        steps = RedisSteps(RedisServer(address), _unavailable)
        name = f"installation {address.prefix}".encode()
        self.id = hmac.digest(secret.encode(), name, "sha256").hex()[:16]
        self.sessions = RedisSessions(steps)
        self.attempts = RedisAttempts(steps)
        self._steps = steps

    def check(self) -> None:
        """See ``base.SignIns.check``."""
        self._steps.call("SET", self._steps.key("{sign-in}:check"), "1", "EX", "60")


def _unavailable(reason: RedisDown) -> Unavailable:
    log.error("sign-in: Redis: %s", reason)
    return Unavailable(
        "Sessions cannot be read right now: Redis, which has them for all machines, "
        "does not answer or takes no writes.",
        code="sign_in_unavailable",
        retry_after=5,
    )
