"""The attempts to sign in on all machines, in Redis.

::

    csse:{guess}:all           ZSET  attempt -> when                                     2 minutes
    csse:{guess}:a:<network>   ZSET  the attempts of a network                           2 minutes
    csse:{guess}:good          ZSET  address that has signed in -> when                    90 days
"""

from __future__ import annotations

import secrets

from ..system.redis_steps import RedisSteps
from . import base
from .base import PER_ADDRESS, WINDOW_SECONDS, Attempt, Network

_KEPT_SECONDS = f"{2 * WINDOW_SECONDS:.0f}"

_COMMON = """
local tag = string.match(KEYS[1], '^(.*:)all$')
local good = tag .. 'good'
local function network(name) return tag .. 'a:' .. name end
"""
#: attempt, now, a minute before and after, good since, how many are too many; networks, limits
_BEGIN = f"""{_COMMON}
local attempt, now, from, to, since = unpack(ARGV, 1, 5)
local function forget(key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', from)
  redis.call('ZREMRANGEBYSCORE', key, to, '+inf')
end
forget(KEYS[1])
local known = redis.call('ZSCORE', good, ARGV[7])
known = known and tonumber(known) > tonumber(since)
local is_slow = not known and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6])
for i = 7, known and 8 or #ARGV, 2 do
  local key, limit = network(ARGV[i]), tonumber(ARGV[i + 1])
  if is_slow then limit = math.floor(limit / {PER_ADDRESS}) end
  forget(key)
  local tries = redis.call('ZCARD', key)
  if tries >= limit then
    return {{'wait', redis.call('ZRANGE', key, tries - limit, tries - limit, 'WITHSCORES')[2]}}
  end
end
local function count(key)
  redis.call('ZADD', key, now, attempt)
  redis.call('EXPIRE', key, {_KEPT_SECONDS})
end
count(KEYS[1])
for i = 7, #ARGV, 2 do count(network(ARGV[i])) end
return {{is_slow and 'slow' or 'ok'}}
"""
#: attempt, when, how many good addresses are kept, for how long; networks
_SUCCEED = f"""{_COMMON}
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 5, #ARGV do redis.call('ZREM', network(ARGV[i]), ARGV[1]) end
redis.call('ZADD', good, ARGV[2], ARGV[5])
redis.call('ZREMRANGEBYRANK', good, 0, -ARGV[3] - 1)
redis.call('EXPIRE', good, ARGV[4])
"""


class RedisAttempts:
    """Implements ``base.AttemptStore``."""

    def __init__(self, redis: RedisSteps) -> None:
        self._redis = redis
        self._key = redis.key("{guess}:all")

    def begin(self, networks: list[Network], now: float) -> Attempt:
        """See ``base.AttemptStore.begin``."""
        attempt = secrets.token_hex(8)
        times = (now, now - WINDOW_SECONDS, now + WINDOW_SECONDS, now - base.KNOWN_SECONDS)
        limits = [str(value) for network in networks for value in network]
        answer = self._redis.run(
            _BEGIN, self._key, attempt, *map(repr, times), str(base.TOGETHER), *limits
        )
        if answer[0] == b"wait":
            raise base.too_many_tries(float(answer[1]) + WINDOW_SECONDS - now)
        return Attempt(attempt, networks, now, is_slow=answer[0] == b"slow")

    def succeed(self, attempt: Attempt) -> None:
        """See ``base.AttemptStore.succeed``."""
        kept = (str(base.KNOWN_ADDRESSES), f"{base.KNOWN_SECONDS:.0f}")
        names = [network.name for network in attempt.networks]
        self._redis.run(_SUCCEED, self._key, attempt.id, repr(attempt.at), *kept, *names)
