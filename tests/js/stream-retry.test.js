// When a stream is asked for again and after how long: the bounds themselves, with a network that answers immediately.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { Connection, isEventStream } from '../../static/network/connection.js';
import { StreamError, refusalOf } from '../../static/network/stream-error.js';
import { stop } from '../../static/network/stop.js';
import { follow } from '../../static/network/stream.js';

const TIMING = {
  silence: 60_000,
  check: 60_000,
  firstDelay: 1_000,
  longestDelay: 15_000,
  longestBusy: 60_000,
  puts: 5,
  busyPuts: 20,
  gets: 8,
  stop: 5_000,
};
const put = { body: '{"messages":[]}' };
const html = (status) =>
  new Response('<h1>Bad gateway</h1>', { status, headers: { 'Content-Type': 'text/html' } });
const refusal = (status, fields, headers = {}) =>
  new Response(JSON.stringify({ error: 'No.', code: 'busy', retryable: true, ...fields }), {
    status,
    headers,
  });
const sse = (text, type = 'text/event-stream') =>
  new Response(text, { headers: { 'Content-Type': type } });
const frame = (id, data = { text: 'x' }) =>
  `id: ${id}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

/** Follow with these responses, one for each request, the last one repeatedly; waits are skipped. */
async function play(responses, options = {}, most = 100) {
  const wake = new EventTarget();
  const reading = new AbortController();
  const [waits, ids, requests] = [[], [], []];
  let error;
  const fetch = async (url, init) => {
    requests.push(init);
    const next = responses[Math.min(requests.length, responses.length) - 1];
    const response = typeof next === 'function' ? next(init.signal, wake) : next?.clone();
    if (!response) throw new TypeError('Failed to fetch');
    return response;
  };
  try {
    for await (const event of follow('/streams/x', {
      timing: TIMING,
      ...options,
      fetch,
      wake,
      signal: reading.signal,
    })) {
      if (event.type === 'frame') ids.push(event.id);
      if (event.type !== 'waiting') continue;
      waits.push(event);
      if ((event.why === 'busy' && !options.short) || waits.length === most)
        setImmediate(() => reading.abort());
      else if (event.why !== 'busy')
        setImmediate(() =>
          wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor: Infinity } })),
        );
    }
  } catch (caught) {
    error = caught;
  }
  return {
    waits,
    ids,
    error,
    requests,
    delays: waits.map(({ ms }) => ms),
    whys: waits.map(({ why }) => why),
  };
}
const within = (value, low, high) =>
  assert.ok(value >= low && value <= high, `${value} is not in ${low}..${high}`);

test('a busy server is waited for up to the longest time, inclusive, and not a moment longer', async () => {
  for (const [seconds, waits] of [
    [60, true],
    [60.001, false],
    [0, true],
  ]) {
    const { whys, delays, error } = await play([refusal(503, { retry_after: seconds })], put);
    assert.deepEqual(whys, waits ? ['busy'] : []);
    if (waits)
      within(
        delays[0],
        Math.max(seconds * 1000, 1_000),
        Math.max(seconds, 1) * 1000 + Math.min(2_000, 200 * Math.max(seconds, 1)),
      );
    else assert.equal(error.retryAfter, seconds);
  }
  assert.deepEqual((await play([refusal(503, {})], put)).whys, []); // it does not say when
  assert.deepEqual(
    (await play([refusal(503, { retryable: false, retry_after: 1 })], put)).whys,
    [],
  );
  for (const status of [400, 401, 409, 428, 430, 500, 502, 504]) {
    const { whys, error } = await play([refusal(status, { retry_after: 1 })], put);
    assert.deepEqual([whys, error.status], [[], status]);
  }
  assert.deepEqual((await play([refusal(429, { retry_after: 1 })], put)).whys, ['busy']);
});

test('a busy server is asked again `busyPuts` times, then its refusal is shown', async () => {
  const timing = { ...TIMING, firstDelay: 1, busyPuts: 3 };
  const { whys, error, requests } = await play([refusal(503, { retry_after: 0 })], {
    ...put,
    timing,
    short: true,
  });
  assert.deepEqual([whys, error.code, requests.length], [['busy', 'busy', 'busy'], 'busy', 4]);
});

test('while following, a passing refusal is waited for as it says, or as after a cut', async () => {
  const ends = sse(frame(3, '[DONE]'));
  for (const [seconds, low, high] of [
    [2, 2_000, 2_000],
    [60, 60_000, 60_000],
    [60.001, 500, 1_000],
    [0, 1_000, 1_000],
  ]) {
    const { delays, ids, whys } = await play([refusal(503, { retry_after: seconds }), ends], {
      lastEventId: 2,
    });
    assert.deepEqual([ids, whys], [[3], ['lost']]);
    within(delays[0], low, high);
  }
  for (const [status, passes] of [
    [428, false],
    [429, true],
    [430, false],
    [499, false],
    [500, true],
    [503, true],
    [599, true],
  ]) {
    const { ids, error } = await play([refusal(status, { retryable: false }), ends], {
      lastEventId: 2,
    });
    assert.deepEqual([ids, error?.status], passes ? [[3], undefined] : [[], status]);
  }
});

test('only what cannot be the server itself lets a question be sent again', async () => {
  for (const [response, again] of [
    [html(500), true],
    [html(502), true],
    [html(499), false],
    [html(429), false],
    [html(404), false],
    [refusal(500, {}), false],
    [refusal(502, {}), false],
    [undefined, true],
  ]) {
    const { requests, whys } = await play([response, sse(frame(1, '[DONE]'))], put);
    assert.deepEqual([requests.length, whys], again ? [2, ['unreachable']] : [1, []]);
    assert.ok(requests.every(({ method, body }) => method === 'PUT' && body === put.body));
  }
});

test('a response that is not a readable refusal is retryable by its status', async () => {
  for (const [status, retryable] of [
    [404, false],
    [428, false],
    [429, true],
    [430, false],
    [499, false],
    [500, true],
    [599, true],
  ]) {
    const { code, ...told } = await refusalOf(html(status));
    assert.deepEqual(
      [code, told.status, told.retryable, told.retryAfter],
      ['no_answer', status, retryable, undefined],
    );
    assert.match(
      told.message ?? (await refusalOf(html(status))).message,
      new RegExp(String(status)),
    );
  }
  assert.equal(new StreamError('No.', {}).retryable, false);
  const header = { 'Retry-After': '7' };
  assert.equal((await refusalOf(refusal(503, {}, header))).retryAfter, 7);
  assert.equal((await refusalOf(refusal(503, { retry_after: 0 }, header))).retryAfter, 0); // the body counts
  assert.equal(
    (await refusalOf(refusal(503, {}, { 'Retry-After': 'soon' }))).retryAfter,
    undefined,
  );
});

test('each failure is waited for longer than the one before, up to the longest wait and the last try', async () => {
  const { delays, error, requests } = await play([undefined], { lastEventId: 2 });
  assert.deepEqual(
    [error.code, requests.length, delays.length],
    ['connection_lost', TIMING.gets, TIMING.gets - 1],
  );
  delays.forEach((ms, n) =>
    within(ms, Math.min(15_000, 1_000 * 2 ** n) / 2, Math.min(15_000, 1_000 * 2 ** n)),
  );
  const asked = await play([undefined], put);
  assert.deepEqual([asked.error.code, asked.requests.length], ['no_connection', TIMING.puts]);
});

/** A response that sends this and then nothing, and is cut by a wake-up call. */
const silent =
  (text = '') =>
  (signal, wake) => {
    const body = new ReadableStream({
      start(controller) {
        if (text) controller.enqueue(new TextEncoder().encode(text));
        signal.addEventListener('abort', () => controller.error(new Error('aborted')));
      },
    });
    setTimeout(() => wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor: 0 } })), 20);
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  };

test('a silent connection is replaced immediately, but only once: then after a pause, until a frame comes', async () => {
  const { delays, ids } = await play(
    [silent(), silent(), silent(), silent(frame(1)), silent(), sse(frame(2, '[DONE]'))],
    { lastEventId: 0 },
  );
  assert.deepEqual(ids, [1, 2]);
  assert.equal(delays.length, 5);
  assert.equal(delays[0], 0);
  within(delays[1], 1_000, 2_000);
  within(delays[2], 2_000, 4_000);
  assert.equal(delays[3], 0); // a frame had come
  within(delays[4], 1_000, 2_000);
});

test('a body that ends or breaks by itself is never followed without a pause', async () => {
  const { delays } = await play([sse(''), sse(frame(1)), sse(frame(2, '[DONE]'))], {
    lastEventId: 0,
  });
  for (const ms of delays) within(ms, 500, 1_000);
  assert.equal(delays.length, 2);
});

test('a reader asks without an id before the first frame, then with the last one', async () => {
  const { requests } = await play([sse(''), sse(frame(1)), sse(frame(2, '[DONE]'))], {
    lastEventId: 0,
  });
  assert.deepEqual(
    requests.map(({ headers }) => headers['Last-Event-ID']),
    [undefined, undefined, '1'],
  );
  assert.ok(
    requests.every(
      ({ method, redirect, cache }) => !method && redirect === 'manual' && cache === 'no-store',
    ),
  );
});

test('preamble and heartbeats are not frames, and an event without a number or with an old one is skipped', async () => {
  const preamble = 'retry: 1000\nid: 0\n: heartbeat\n: heartbeat\n';
  const text = `${preamble}${frame(1)}${frame('x', { error: 'a stranger' })}`;
  const { ids, waits, error } = await play(
    [sse(`${text}${frame(1)}${frame(2)}: heartbeat\n${frame(3, '[DONE]')}`)],
    put,
  );
  assert.deepEqual([ids, waits, error], [[1, 2, 3], [], undefined]);
});

test('the delay of retry: counts, within bounds', async () => {
  for (const [said, low, high] of [
    [50, 50, 100],
    [100, 50, 100],
    [4_000, 2_000, 4_000],
    [99_000, 7_500, 15_000],
  ]) {
    const { delays } = await play([sse(`retry: ${said}\n${frame(1)}`), sse(frame(2, '[DONE]'))], {
      lastEventId: 0,
    });
    within(delays[0], low, high);
  }
});

test('an event stream has this media type, in any case, with any parameter or none', () => {
  for (const type of [
    'text/event-stream',
    'Text/Event-Stream; charset=utf-8',
    'text/event-stream ;x',
  ]) {
    assert.ok(isEventStream(sse('', type)), type);
  }
  for (const type of ['text/event-streams', 'text/event', 'x/text/event-stream', 'text/html']) {
    assert.ok(!isEventStream(sse('', type)), type);
  }
  assert.ok(!isEventStream({ headers: new Headers() }));
});

test('a wake-up call cuts a connection that has been silent for the time it names, no other', async () => {
  for (const [silentFor, cut] of [
    [0, true],
    [undefined, true],
    [10_000, false],
  ]) {
    const wake = new EventTarget();
    const connection = new Connection({ wake, timing: TIMING });
    wake.dispatchEvent(
      new CustomEvent('wake', { detail: silentFor === undefined ? undefined : { silentFor } }),
    );
    assert.equal(connection.wasCut, cut);
    connection.close();
    assert.equal(connection.wasCut, cut); // closing is not a cut
  }
});

test('a stop ends with an answer of the server, and is repeated where there is none', async () => {
  const told = async (response) => {
    const patience = new AbortController();
    const statuses = [];
    const reply = await stop('/streams/x', {
      timing: TIMING,
      signal: patience.signal,
      fetch: async () => response?.clone() ?? Promise.reject(new TypeError()),
      onLost: (status) => {
        statuses.push(status);
        patience.abort();
      },
    });
    return [reply?.ended ?? null, statuses];
  };
  for (const status of [400, 403, 404, 428, 430, 499])
    assert.deepEqual(await told(html(status)), [true, []]);
  for (const status of [401, 429, 500, 503])
    assert.deepEqual(await told(html(status)), [null, [status]]);
  assert.deepEqual(await told(undefined), [null, [0]]);
  assert.deepEqual(await told(html(200)), [null, [200]]); // a page is no reply
  assert.deepEqual(await told(new Response('{"ended":true,"last_event_id":3}')), [true, []]);
});

test('one missing frame is an error, and so is a frame that is not an object', async () => {
  assert.equal((await play([sse(frame(1) + frame(3))], put)).error.code, 'protocol');
  for (const data of ['5', 'null', '"x"', 'true', '{']) {
    const { error, ids } = await play([sse(frame(1, data))], put);
    assert.deepEqual([ids, error?.code, error?.retryable], [[], 'protocol', true], data);
  }
});

test('readers that were refused together come back apart: by a fifth of the wait, two seconds at most', async (t) => {
  for (const [chance, seconds, ms] of [
    [0, 5, 5_000],
    [1, 5, 6_000],
    [1, 60, 62_000],
    [0.5, 60, 61_000],
    [1, 0, 1_200],
  ]) {
    t.mock.method(Math, 'random', () => chance);
    assert.deepEqual((await play([refusal(503, { retry_after: seconds })], put)).delays, [ms]);
  }
});

test('204 is the end, a lost server may be asked again, and a page in place of a stream starts nothing', async () => {
  const nothing = await play([new Response(null, { status: 204 })], { lastEventId: 5 });
  assert.deepEqual([nothing.requests.length, nothing.waits, nothing.error], [1, [], undefined]);
  assert.equal((await play([undefined], { lastEventId: 2 })).error.retryable, true);
  assert.equal((await play([undefined], put)).error.retryable, true);
  const page = () => new Response('<h1>Sign in</h1>', { headers: { 'Content-Type': 'text/html' } });
  assert.equal((await play([page()], put)).error.code, 'protocol');
  assert.deepEqual((await play([page(), sse(frame(3, '[DONE]'))], { lastEventId: 2 })).ids, [3]);
});

test('a stop is a DELETE that outlives the page; a stream that is not there has no frames', async () => {
  const requests = [];
  const fetch = async (url, init) => {
    requests.push(init);
    return html(404);
  };
  assert.deepEqual(await stop('/streams/x', { timing: TIMING, fetch }), {
    ended: true,
    last_event_id: 0,
  });
  const [{ method, keepalive, cache }] = requests;
  assert.deepEqual([method, keepalive, cache], ['DELETE', true, 'no-store']);
});

/** A connection of a network without delays, on a clock that the test moves. */
function quietConnection(t, timing) {
  const clock = { ms: 0 };
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  t.mock.method(performance, 'now', () => clock.ms);
  const connection = new Connection({ timing: { ...TIMING, ...timing } });
  const body = new TransformStream(undefined, undefined, { highWaterMark: 1 });
  const writer = body.writable.getWriter();
  const events = connection.events(new Response(body.readable));
  return {
    connection,
    events,
    /** Let time pass, second by second. */
    wait(seconds) {
      for (let n = 0; n < seconds; n += 1) {
        clock.ms += 1_000;
        t.mock.timers.tick(1_000);
      }
    },
    send: (text) => writer.write(new TextEncoder().encode(text)),
  };
}
const dead = { silence: 30_000, check: 5_000 };

test('heartbeats keep a connection alive, however long Claude is silent', async (t) => {
  const { connection, events, wait, send } = quietConnection(t, dead);
  for (let id = 1; id <= 20; id += 1) {
    wait(29);
    const next = events.next();
    await send(`: heartbeat\n${frame(id)}`);
    assert.equal((await next).value.id, String(id));
    assert.equal(connection.wasCut, false);
  }
  connection.close();
});

test('a connection without a byte for the time of silence is cut, no sooner', async (t) => {
  const { connection, events, wait, send } = quietConnection(t, dead);
  const first = events.next();
  await send(frame(1));
  await first;
  wait(29);
  assert.equal(connection.wasCut, false);
  wait(7); // the next check, and the grace for bytes that arrived during a sleep
  assert.equal(connection.wasCut, true);
  connection.close();
});

test('bytes that arrived during a sleep are read before a connection counts as silent', async (t) => {
  const { connection, events, send, wait } = quietConnection(t, { ...dead, check: 1_000 });
  const clock = performance.now;
  t.mock.method(performance, 'now', () => clock() + 3_600_000); // the lid was closed for an hour
  t.mock.timers.tick(1_000); // the check after it
  assert.equal(connection.wasCut, false);
  const next = events.next();
  await send(frame(1));
  await next;
  wait(2);
  assert.equal(connection.wasCut, false);
  connection.close();
});

test('without a network neither a question nor an answer is given up', async (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  t.after(() => Object.defineProperty(globalThis, 'navigator', before ?? { value: undefined }));
  const value = { onLine: false };
  Object.defineProperty(globalThis, 'navigator', { value, configurable: true });
  for (const options of [put, {}]) {
    const { waits, error } = await play([undefined], options, 30);
    assert.equal(error, undefined);
    assert.deepEqual(new Set(waits.map(({ ms }) => ms)), new Set([TIMING.longestDelay]));
    assert.equal(waits.length, 30);
  }
  value.onLine = true; // from here on it is the server that does not answer
  const { error } = await play([undefined], put);
  assert.equal(error.code, 'no_connection');
});
