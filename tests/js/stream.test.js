// Following a stream through a network that fails: a local server where the path is the scenario.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';

import './words.js';
import { StreamError } from '../../static/network/stream-error.js';
import { stop } from '../../static/network/stop.js';
import { follow } from '../../static/network/stream.js';

const FRAMES = [
  { text: '', model: 'm', message: 'msg_1' },
  { text: 'Hel' },
  { text: 'lo ' },
  { text: '🌍' },
  { text: '', stop_reason: 'end_turn', usage: {}, later: ['unknown'] },
  '[DONE]',
];
const wire = (from = 0, to = FRAMES.length) =>
  FRAMES.slice(from, to)
    .map(
      (data, i) =>
        `id: ${from + i + 1}\ndata: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    )
    .join('');
/** Waits are short; the limits on silence and on a DELETE are out of reach of a busy machine. */
const TIMING = {
  silence: 60_000,
  check: 60_000,
  firstDelay: 5,
  longestDelay: 20,
  puts: 4,
  gets: 5,
  stop: 60_000,
};

/** How often each path was asked, and with what. @type {Map<string, { method: string, last: number, body: string, closed: Promise<unknown> }[]>} */
const asked = new Map();
let base = '';

function begin(response, status = 200) {
  response.writeHead(status, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  response.write('retry: 5\n\n');
}
function refuse(response, status, fields, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(fields));
}
const busy = { error: 'All slots are taken.', code: 'busy', retryable: true, retry_after: 0.01 };

/** (response, n, request) => void; n counts the requests for this path from 1. */
const SCENARIOS = {
  whole(response) {
    begin(response, 201);
    response.end(wire());
  },
  'cut-anywhere'(response, n, { last }) {
    begin(response, n === 1 ? 201 : 200);
    const rest = Buffer.from(wire(last));
    if (n > 3) response.end(rest);
    else response.write(rest.subarray(0, 90 + n), () => response.destroy()); // also inside a character
  },
  'clean-ends'(response, n, { last }) {
    begin(response);
    response.end(wire(last, last + 1));
  },
  replays(response, n) {
    begin(response);
    response.end(n === 1 ? wire(0, 3) : wire());
  },
  gap(response) {
    begin(response);
    response.end(wire(0, 1) + wire(3));
  },
  'no-head'(response, n) {
    if (n < 3) response.destroy();
    else SCENARIOS.whole(response);
  },
  never: (response) => response.destroy(),
  'busy-twice'(response, n) {
    if (n < 3) refuse(response, 503, busy);
    else SCENARIOS.whole(response);
  },
  'busy-header'(response, n) {
    if (n === 1) refuse(response, 429, { ...busy, retry_after: undefined }, { 'Retry-After': '0' });
    else SCENARIOS.whole(response);
  },
  'busy-for-an-hour': (response) => refuse(response, 429, { ...busy, retry_after: 3600 }),
  'busy-to-follow'(response, n, { last }) {
    if (n === 1) refuse(response, 503, busy);
    else if (n === 2) refuse(response, 502, {});
    else {
      begin(response);
      response.end(wire(last));
    }
  },
  'no-key': (response) =>
    refuse(response, 503, {
      error: 'No key.',
      code: 'no_key',
      retryable: false,
      request_id: 'req_1',
    }),
  'bad-gateway'(response, n) {
    if (n === 1)
      response.writeHead(502, { 'Content-Type': 'text/html' }).end('<h1>Bad gateway</h1>');
    else SCENARIOS.whole(response);
  },
  'all-received': (response) => response.writeHead(204).end(),
  expired: (response) =>
    refuse(response, 404, { error: 'No such stream.', code: 'not_found', retryable: false }),
  portal: (response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>'),
  moved: (response) => response.writeHead(302, { Location: '/whole' }).end(),
  broken(response) {
    begin(response);
    response.end('id: 1\ndata: {"text":\n\n');
  },
  fails(response) {
    begin(response);
    response.end(
      'id: 1\ndata: {"error":"Overloaded.","code":"overloaded","retryable":true}\n\nid: 2\ndata: {"text":"no"}\n\n',
    );
  },
  silent(response, n, { last }) {
    begin(response);
    if (n === 1) response.write(wire(0, 2));
    else response.end(wire(last));
  },
  stopped: (response) =>
    refuse(response, 200, { ended: true, last_event_id: 7, stop_reason: 'stopped' }),
  'signed-out': (response) => refuse(response, 401, { error: 'Sign in first.', code: 'sign_in' }),
  'stop-late'(response, n) {
    if (n < 3) response.destroy();
    else SCENARIOS.stopped(response);
  },
};

const server = createServer((request, response) => {
  const path = request.url.slice(1);
  const scenario = path.split('?')[0];
  let body = '';
  request
    .setEncoding('utf8')
    .on('data', (text) => (body += text))
    .on('end', () => {
      const all = asked.get(path) ?? [];
      asked.set(path, all);
      const entry = {
        method: request.method,
        last: Number(request.headers['last-event-id'] ?? 0),
        body,
        closed: once(response, 'close'),
      };
      all.push(entry);
      SCENARIOS[scenario](response, all.length, entry);
    });
});
before(async () => {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}/`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** Follow to the end; what was said, and what it ended with. */
async function all(path, options = {}) {
  const events = [];
  let error;
  try {
    for await (const event of follow(base + path, { timing: TIMING, ...options }))
      events.push(event);
  } catch (caught) {
    error = caught;
  }
  assert.ok(error === undefined || error instanceof StreamError, error);
  const frames = events.filter(({ type }) => type === 'frame');
  return {
    events,
    frames,
    error,
    ids: frames.map(({ id }) => id),
    text: frames.map(({ data }) => data.text ?? '').join(''),
    whys: events.filter(({ type }) => type === 'waiting').map(({ why }) => why),
    methods: (asked.get(path) ?? []).map(({ method }) => method),
    lasts: (asked.get(path) ?? []).map(({ last }) => last),
  };
}
const put = { body: '{"messages":[]}' };
const ALL_IDS = [1, 2, 3, 4, 5, 6];

test('a stream is one PUT and its frames, in order, to [DONE]', async () => {
  const { events, frames, methods } = await all('whole', put);
  assert.deepEqual(events.slice(0, 2), [{ type: 'sending' }, { type: 'open', status: 201 }]);
  assert.deepEqual(
    frames.map(({ data }) => data),
    FRAMES,
  );
  assert.deepEqual(methods, ['PUT']);
  assert.equal(asked.get('whole')[0].body, put.body);
});

test('after a cut the rest is followed by GET from the last frame, without a gap or a repetition', async () => {
  const { ids, text, methods, lasts, whys } = await all('cut-anywhere', put);
  assert.deepEqual(ids, ALL_IDS);
  assert.equal(text, 'Hello 🌍');
  assert.deepEqual(methods, ['PUT', 'GET', 'GET', 'GET']);
  assert.deepEqual([...lasts].sort(), lasts);
  assert.ok(whys.every((why) => why === 'lost'));
});

test('a body that ends without a terminal frame is a cut, too; progress allows any number of them', async () => {
  const { ids, methods } = await all('clean-ends', put);
  assert.deepEqual(ids, ALL_IDS);
  assert.deepEqual(methods, ['PUT', 'GET', 'GET', 'GET', 'GET', 'GET']);
});

test('frames that were received before are not given again', async () => {
  assert.deepEqual((await all('replays', put)).ids, ALL_IDS);
  assert.deepEqual((await all('replays?from', { lastEventId: 2 })).ids, [3, 4, 5, 6]);
});

test('a missing frame is an error, never a silent gap', async () => {
  const { ids, error } = await all('gap', put);
  assert.deepEqual(ids, [1]);
  assert.equal(error.code, 'protocol');
});

test('a PUT that gets no response is repeated, the same, until it has one', async () => {
  const { text, whys } = await all('no-head', put);
  assert.equal(text, 'Hello 🌍');
  assert.ok(whys.length >= 1 && whys.every((why) => why === 'unreachable'));
  assert.ok(
    asked.get('no-head').every(({ method, body }) => method === 'PUT' && body === put.body),
  );
});

test('a server that never responds is an error with a retry', async () => {
  const { error, whys } = await all('never', put);
  assert.equal(error.code, 'no_connection');
  assert.ok(error.retryable);
  assert.equal(whys.length, TIMING.puts - 1);
});

test('following that never succeeds gives up, too', async () => {
  const { error } = await all('never?follow', { lastEventId: 3 });
  assert.equal(error.code, 'connection_lost');
});

for (const path of ['busy-twice', 'busy-header']) {
  test(`a busy server is asked again when it says (${path})`, async () => {
    const { whys, text } = await all(path, put);
    assert.ok(whys.length && whys.every((why) => why === 'busy'));
    assert.equal(text, 'Hello 🌍');
  });
}

test('a server that asks for too long a wait is not asked again', async () => {
  const { error, methods } = await all('busy-for-an-hour', put);
  assert.equal(error.retryAfter, 3600);
  assert.deepEqual(methods, ['PUT']);
});

test('while following, a busy server and a proxy in trouble are waited for', async () => {
  assert.deepEqual((await all('busy-to-follow', { lastEventId: 2 })).ids, [3, 4, 5, 6]);
});

test('a refusal is thrown as the server words it', async () => {
  const { error, methods } = await all('no-key', put);
  const { message, code, status, retryable, requestId } = error;
  assert.deepEqual(
    { message, code, status, retryable, requestId },
    { message: 'No key.', code: 'no_key', status: 503, retryable: false, requestId: 'req_1' },
  );
  assert.deepEqual(methods, ['PUT']);
});

test('an error page of a proxy does not count as an answer: the same PUT is sent again', async () => {
  assert.equal((await all('bad-gateway', put)).text, 'Hello 🌍');
});

test('204 means that all was received', async () => {
  assert.deepEqual((await all('all-received', { lastEventId: 6 })).events, []);
});

test('404 ends the following', async () => {
  const { error, methods } = await all('expired', { lastEventId: 6 });
  assert.equal(error.status, 404);
  assert.deepEqual(methods, ['GET']);
});

test('a response other than an event stream starts nothing', async () => {
  assert.equal((await all('portal', put)).error.code, 'protocol');
  const { error, methods } = await all('moved', put);
  assert.equal(error.code, 'no_answer');
  assert.deepEqual(methods, ['PUT']);
});

test('a frame that is not JSON is an error', async () => {
  assert.equal((await all('broken', put)).error.code, 'protocol');
});

test('an error frame ends the stream, whatever follows it', async () => {
  const { frames, error } = await all('fails', put);
  assert.equal(error, undefined);
  assert.deepEqual(
    frames.map(({ data }) => data.code),
    ['overloaded'],
  );
});

test('a wake-up call cuts a silent connection immediately, and only a silent one', async () => {
  const wake = new EventTarget();
  const call = (silentFor) =>
    wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
  const ids = [];
  for await (const event of follow(`${base}silent?wake`, { ...put, wake, timing: TIMING })) {
    if (event.type === 'frame') ids.push(event.id);
    if (event.type === 'frame' && event.id === 2) {
      call(10_000);
      setTimeout(() => call(0), 20);
    }
  }
  assert.deepEqual(ids, ALL_IDS);
  assert.deepEqual(
    asked.get('silent?wake').map(({ last }) => last),
    [0, 2],
  );
});

test('a wake-up call ends a wait', async () => {
  const wake = new EventTarget();
  const timing = { ...TIMING, firstDelay: 60_000, longestDelay: 60_000 };
  let text = '';
  for await (const event of follow(`${base}no-head?wake`, { ...put, wake, timing })) {
    if (event.type === 'waiting') setTimeout(() => wake.dispatchEvent(new Event('wake')), 5);
    if (event.type === 'frame') text += event.data.text ?? '';
  }
  assert.equal(text, 'Hello 🌍');
});

test('aborting ends the following quietly, while it reads and while it waits', async () => {
  for (const [path, type] of [
    ['silent?abort', 'frame'],
    ['busy-for-an-hour?abort', 'waiting'],
  ]) {
    const reading = new AbortController();
    const timing = { ...TIMING, longestBusy: 1e9 };
    for await (const event of follow(base + path, { ...put, signal: reading.signal, timing })) {
      if (event.type === type) setTimeout(() => reading.abort(), 10);
    }
    assert.equal(asked.get(path).length, 1);
  }
});

test('leaving the loop closes the connection', async () => {
  for await (const event of follow(`${base}silent?leave`, { ...put, timing: TIMING })) {
    if (event.type === 'frame') break;
  }
  const [{ closed }] = asked.get('silent?leave');
  await closed;
  assert.equal(asked.get('silent?leave').length, 1);
});

test('a stop is a DELETE, repeated while the network fails; its reply says what is kept', async () => {
  assert.deepEqual(await stop(`${base}stopped`), {
    ended: true,
    last_event_id: 7,
    stop_reason: 'stopped',
  });
  assert.deepEqual(
    asked.get('stopped').map(({ method }) => method),
    ['DELETE'],
  );
  assert.equal((await stop(`${base}stop-late`, { timing: TIMING })).ended, true);
  assert.equal((await stop(`${base}expired?stop`)).ended, true);
  const patience = new AbortController();
  let lost = 0;
  const onLost = () => (lost += 1) === 4 && patience.abort();
  assert.equal(
    await stop(`${base}never?stop`, { timing: TIMING, signal: patience.signal, onLost }),
    null,
  );
  const told = [];
  const signedOut = new AbortController();
  const onSignedOut = (status) => {
    told.push(status);
    signedOut.abort();
  };
  assert.equal(
    await stop(`${base}signed-out`, {
      timing: TIMING,
      signal: signedOut.signal,
      onLost: onSignedOut,
    }),
    null,
  );
  assert.deepEqual(told, [401]); // not stopped: after signing in again the server is told
  assert.equal(lost, 4);
});
