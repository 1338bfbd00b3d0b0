"""The sessions of all machines, in Redis.

::

    csse:{sign-in}:s:<id>     HASH  name, proof, created, seen, address, browser       12 hours
    csse:{sign-in}:n:<name>   ZSET  the ids of the sessions of this name -> created    12 hours
"""

from __future__ import annotations

from ..system.redis_steps import RedisSteps
from .base import LIFE_SECONDS, Row

_LIFE = f"{LIFE_SECONDS:.0f}"
_FIELDS = Row._fields[1:]

_COMMON = """
local tag = string.match(KEYS[1], '^(.*:)s:[^:]*$')
local function names(name) return tag .. 'n:' .. name end
"""

#: A session's key; the name, when it was created, the id; its fields and their values.
_ADD = f"""{_COMMON}
local name, created, id = ARGV[1], ARGV[2], ARGV[3]
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('EXPIRE', KEYS[1], {_LIFE})
redis.call('ZADD', names(name), created, id)
redis.call('EXPIRE', names(name), {_LIFE})
"""
# Otherwise a session that ended meanwhile would come back, and never expire.
_MARK_SEEN = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'seen', ARGV[1]) end
"""
#: A session's key; the id.
_REMOVE = f"""{_COMMON}
local name = redis.call('HGET', KEYS[1], 'name')
if not name then return false end
redis.call('DEL', KEYS[1])
redis.call('ZREM', names(name), ARGV[1])
return name
"""
#: The key of a name: one step, so that no session that begins meanwhile is left out of the list.
_EACH = """
local tag = string.match(KEYS[1], '^(.-{sign%-in}:)n:')
local ids = redis.call('ZREVRANGE', KEYS[1], 0, -1)
"""
_FIND_ALL = f"""{_EACH}
local found = {{}}
for _, id in ipairs(ids) do
  local key = tag .. 's:' .. id
  if redis.call('EXISTS', key) == 1 then
    table.insert(found, {{id, unpack(redis.call('HMGET', key, unpack(ARGV)))}})
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return found
"""
_REMOVE_ALL = f"""{_EACH}
local number = 0
for _, id in ipairs(ids) do number = number + redis.call('DEL', tag .. 's:' .. id) end
redis.call('DEL', KEYS[1])
return number
"""


class RedisSessions:
    """Implements ``base.SessionStore``."""

    def __init__(self, redis: RedisSteps) -> None:
        self._redis = redis

    def add(self, row: Row) -> None:
        """See ``base.SessionStore.add``."""
        values = {
            "name": row.name, "proof": row.proof, "created": repr(row.created),
            "seen": repr(row.seen), "address": row.address, "browser": row.browser,
        }  # fmt: skip
        pairs = [part for pair in values.items() for part in pair]
        self._redis.run(_ADD, self._key(row.id), row.name, repr(row.created), row.id, *pairs)

    def find(self, id: str) -> Row | None:
        """See ``base.SessionStore.find``."""
        values = self._redis.call("HMGET", self._key(id), *_FIELDS)
        return _row([id.encode(), *values]) if values[0] is not None else None

    def find_all(self, name: str) -> list[Row]:
        """See ``base.SessionStore.find_all``."""
        return [_row(each) for each in self._redis.run(_FIND_ALL, self._names(name), *_FIELDS)]

    def mark_seen(self, id: str, at: float) -> None:
        """See ``base.SessionStore.mark_seen``."""
        self._redis.run(_MARK_SEEN, self._key(id), repr(at))

    def remove(self, id: str) -> str | None:
        """See ``base.SessionStore.remove``."""
        name: bytes | None = self._redis.run(_REMOVE, self._key(id), id)
        return None if name is None else name.decode()

    def remove_all(self, name: str) -> int:
        """See ``base.SessionStore.remove_all``."""
        return int(self._redis.run(_REMOVE_ALL, self._names(name)))

    def _key(self, id: str) -> str:
        return self._redis.key(f"{{sign-in}}:s:{id}")

    def _names(self, name: str) -> str:
        return self._redis.key(f"{{sign-in}}:n:{name}")


def _row(values: list[bytes]) -> Row:
    id, name, proof, created, seen, address, browser = (value.decode() for value in values)
    return Row(id, name, proof, float(created), float(seen), address, browser)
