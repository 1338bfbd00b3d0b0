"""The steps of the ledger in Redis: each is one Lua function, so that nothing comes between.

::

    {ledger}:epoch       STRING  made with the first question; vanishes with everything else
    {ledger}:d:<day>     HASH    owner -> tokens of the day, also reserved ones; "": all; 40 days
    {ledger}:h:<day>     HASH    owner -> those of them that are only reserved; "": all; 2 days
    {ledger}:q:<owner>   ZSET    question -> when it was asked; 2 minutes
    {ledger}:a:<owner>   HASH    answer under way -> "worker day tokens"; 2 days
    {ledger}:b:<owner>   HASH    the same, of workers that were taken for dead; 2 days
    {ledger}:w:<worker>  HASH    answer under way -> its owner; 2 days
    {ledger}:t:<id>      STRING  this question was withdrawn before it was admitted; 1 hour
    {ledger}:s:<worker>  STRING  this worker has told its share in this epoch; 2 days
    {ledger}:alive       ZSET    worker -> until when it counts as alive, by the clock of Redis

``REDIS_PREFIX`` and a colon stand before each. All keys have one hash tag and so one slot. A step
names one of them, the epoch; the others follow from its arguments. Each step first compares the
epoch with the one that the worker knows: a Redis that restarted empty, or was flushed, answers
``forgotten`` and does nothing.
"""

from __future__ import annotations

from .base import MINUTE_SECONDS

#: How long a withdrawal waits for an admission that is delayed on its way.
_WITHDRAWN_SECONDS = 3600
_DAY = 86_400

_COMMON = f"""
local tag = string.match(KEYS[1], '^(.*)epoch$')
local function forgotten() return redis.call('GET', KEYS[1]) ~= ARGV[1] end
local function key(kind, name) return tag .. kind .. ':' .. name end
local function add(kind, day, owner, tokens, seconds)
  local sums, change = key(kind, day), string.format('%.0f', tokens + 0) -- "-0" is refused
  redis.call('HINCRBY', sums, owner, change)
  redis.call('HINCRBY', sums, '', change)
  redis.call('EXPIRE', sums, seconds)
end
local function spend(day, owner, tokens) add('d', day, owner, tokens, {40 * _DAY}) end
local function hold(day, owner, tokens) add('h', day, owner, tokens, {2 * _DAY}) end
local function put(kind, name, field, value)
  redis.call('HSET', key(kind, name), field, value)
  redis.call('EXPIRE', key(kind, name), {2 * _DAY})
end
local function parse(entry) return string.match(entry, '^(%S+) (%S+) (%S+)$') end
-- The answers of a dead worker are no longer under way. Their tokens stay spent, unless the worker
-- was alive after all: then it still settles them.
local function reap(now)
  for _, worker in ipairs(redis.call('ZRANGEBYSCORE', tag .. 'alive', '-inf', now)) do
    local answers = redis.call('HGETALL', key('w', worker))
    for i = 1, #answers, 2 do
      local id, owner = answers[i], answers[i + 1]
      local entry = redis.call('HGET', key('a', owner), id)
      if entry then
        local _, day, tokens = parse(entry)
        redis.call('HDEL', key('a', owner), id)
        hold(day, owner, -tokens)
        put('b', owner, id, entry)
      end
    end
    redis.call('DEL', key('w', worker))
    redis.call('ZREM', tag .. 'alive', worker)
  end
end
local function renew(worker, alive_ms)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', tag .. 'alive', now + alive_ms, worker)
  reap(now)
end
local function begin(owner, id, worker, at, day, tokens)
  put('a', owner, id, worker .. ' ' .. day .. ' ' .. tokens)
  put('w', worker, id, owner)
  redis.call('ZADD', key('q', owner), at, id)
  redis.call('EXPIRE', key('q', owner), {2 * MINUTE_SECONDS:.0f})
  spend(day, owner, tokens)
  hold(day, owner, tokens)
end
"""

#: epoch, worker, how long it counts as alive (ms)
RENEW = f"""{_COMMON}
if forgotten() then return {{'forgotten'}} end
renew(ARGV[2], ARGV[3])
return {{'ok'}}
"""

#: epoch, worker, alive, owner, id, at, day, tokens, a minute before and after, the four quotas
ADMIT = f"""{_COMMON}
if forgotten() then return {{'forgotten'}} end
local worker, alive_ms, owner, id, at, day, reserved, after, before = unpack(ARGV, 2, 10)
local tokens, questions, answers = tonumber(reserved), tonumber(ARGV[11]), tonumber(ARGV[12])
local own_limit, all_limit = tonumber(ARGV[13]), tonumber(ARGV[14])
if redis.call('HEXISTS', key('a', owner), id) == 1 then return {{'ok'}} end
if redis.call('EXISTS', key('t', id)) == 1 then return {{'withdrawn'}} end
renew(worker, alive_ms)
redis.call('ZREMRANGEBYSCORE', key('q', owner), '-inf', after)
if questions > 0 then
  local oldest = redis.call('ZREVRANGEBYSCORE', key('q', owner), '(' .. before, '(' .. after,
    'WITHSCORES', 'LIMIT', questions - 1, 1)
  if #oldest > 0 then return {{'questions', oldest[2]}} end
end
local function spent(kind, name) return tonumber(redis.call('HGET', key(kind, day), name) or 0) end
local function denial(limit, name, whose)
  if limit == 0 then return nil end
  if tokens > limit then return {{'long', reserved, string.format('%.0f', limit)}} end
  local rest = limit - spent('d', name)
  if tokens <= rest then return nil end
  return {{tokens <= rest + spent('h', name) and 'reserved' or 'used', whose}}
end
local denied = denial(own_limit, owner, 'own') or denial(all_limit, '', 'all')
if denied then return denied end
if answers > 0 and redis.call('HLEN', key('a', owner)) >= answers then return {{'answers'}} end
begin(owner, id, worker, at, day, reserved)
return {{'ok'}}
"""

#: epoch, owner, id, tokens; -1 tokens: withdraw the question
BOOK = f"""{_COMMON}
if forgotten() then return {{'forgotten'}} end
local owner, id, actual = ARGV[2], ARGV[3], tonumber(ARGV[4])
local entry = redis.call('HGET', key('a', owner), id)
local is_late = not entry
if is_late then entry = redis.call('HGET', key('b', owner), id) end
if not entry then
  if actual < 0 then redis.call('SET', key('t', id), '1', 'EX', {_WITHDRAWN_SECONDS}) end
  return {{'ok'}}
end
local worker, day, tokens = parse(entry)
redis.call('HDEL', key(is_late and 'b' or 'a', owner), id)
redis.call('HDEL', key('w', worker), id)
if not is_late then hold(day, owner, -tokens) end
spend(day, owner, math.max(actual, 0) - tokens)
if actual < 0 then redis.call('ZREM', key('q', owner), id) end
return {{'ok'}}
"""

#: a new epoch, worker, alive, its share as JSON: what it spent (day, owner, tokens), and the
#: answers under way (owner, id, at, day, tokens)
SEED = f"""{_COMMON}
local is_new = redis.call('SET', KEYS[1], ARGV[1], 'NX')
local worker = ARGV[2]
if redis.call('SET', key('s', worker), '1', 'NX', 'EX', {2 * _DAY}) then
  local spendings, answers = unpack(cjson.decode(ARGV[4]))
  for _, each in ipairs(spendings) do spend(each[1], each[2], each[3]) end
  for _, each in ipairs(answers) do
    local owner, id, at, day, tokens = unpack(each)
    begin(owner, id, worker, at, day, tokens)
  end
end
renew(worker, ARGV[3])
return {{redis.call('GET', KEYS[1]), is_new and 'new' or 'known'}}
"""
