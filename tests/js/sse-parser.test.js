// The parser against every case of the conformance file, cut everywhere, and against a peer.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { SseParser } from '../../static/network/sse-parser.js';

const { parser_cases: cases } = JSON.parse(
  readFileSync(new URL('../data/sse-conformance.json', import.meta.url), 'utf8'),
);

const bytesOf = (c) =>
  c.input_hex ? Buffer.from(c.input_hex, 'hex') : Buffer.from(c.input, 'utf8');

/** Decode bytes in these pieces the way stream.js does, and return all that the parser said. */
function run(pieces, lastEventId = '') {
  const events = [];
  let retry;
  const parser = new SseParser({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => (retry = ms),
    lastEventId,
  });
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }));
  return { events, retry, lastEventId: parser.lastEventId };
}

function* cuttings(bytes) {
  yield ['whole', [bytes]];
  yield ['1 byte at a time', [...bytes].map((_, i) => bytes.subarray(i, i + 1))];
  for (let i = 1; i < bytes.length; i++) {
    yield [`cut at ${i}`, [bytes.subarray(0, i), bytes.subarray(i)]];
  }
}

for (const c of cases) {
  test(`${c.name} gives its events however it is cut`, () => {
    const all = [...cuttings(bytesOf(c))];
    if (c.chunks) all.push(['its own chunks', c.chunks.map((s) => Buffer.from(s, 'utf8'))]);
    for (const [how, pieces] of all) {
      const got = run(pieces, c.initial_last_event_id);
      assert.deepEqual(got.events, c.expect, how);
      assert.equal(got.lastEventId, c.final_last_event_id, how);
      assert.equal(got.retry, c.retry_ms, how);
    }
  });
}

test('an event past the limit throws, from then on', () => {
  const events = [];
  const parser = new SseParser({ onEvent: (event) => events.push(event.data), maxSize: 1000 });
  assert.throws(() => {
    for (let i = 0; i < 20; i++) parser.feed(`data: ${'x'.repeat(100)}\n`);
  }, RangeError);
  assert.throws(() => parser.feed('data: y\n\n'), RangeError);
  assert.deepEqual(events, []);
  const other = new SseParser({ onEvent: (event) => events.push(event.data), maxSize: 1000 });
  assert.throws(() => {
    for (let i = 0; i < 20; i++) other.feed(`${i ? '' : 'data:'}${'x'.repeat(100)}`);
  }, RangeError);
});

test('an endless comment or unknown field is not an event and never too long', () => {
  for (const start of [':', 'unknown: ', 'datax', 'd', '']) {
    const events = [];
    const parser = new SseParser({ onEvent: (event) => events.push(event.data), maxSize: 1000 });
    parser.feed(start);
    for (let i = 0; i < 100; i++) parser.feed('?'.repeat(100));
    parser.feed('\ndata: x\n\n');
    assert.deepEqual(events, ['x']);
  }
});

/** Of this process, in ms: other programs on the machine do not count. */
function cpuTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

test('large events take time in proportion to their size', () => {
  const time = (size) => {
    const piece = 'x'.repeat(4600);
    const start = cpuTime();
    let length = 0;
    const parser = new SseParser({ onEvent: (event) => (length = event.data.length) });
    parser.feed('data:');
    for (let sent = 0; sent < size; sent += piece.length) parser.feed(piece);
    parser.feed('\n\n');
    assert.ok(length >= size);
    return cpuTime() - start;
  };
  time(1 << 20);
  const [small, large] = [time(1 << 20), time(10 << 20)];
  assert.ok(large < 100 + 40 * small, `1 MiB ${small} ms, 10 MiB ${large} ms`);

  let events = 0;
  const start = cpuTime();
  const parser = new SseParser({ onEvent: () => (events += 1) });
  parser.feed(`data: {"text":"${'x'.repeat(5 << 20)}"}\n\n`);
  parser.feed('id: 1\ndata: {"text":"a"}\n\n'.repeat(100_000)); // no "\r" in it: searched for once
  assert.equal(events, 100_001);
  assert.ok(cpuTime() - start < 2000);
});

test('random streams give the same events as eventsource-parser', async (t) => {
  let peer;
  try {
    peer = await import('eventsource-parser');
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return t.skip('eventsource-parser is not installed: run npm ci');
  }
  let seed = 20260101;
  const random = (n) => ((seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 8) % n;
  const words = [
    'data',
    'data:',
    'data: ',
    'id',
    'id: ',
    'event:',
    'event: ',
    'retry: ',
    ':',
    ' ',
    'x',
    '7',
    '\0',
    '\ufeff',
    'é',
    '🌍',
    '\u2028',
    '\n',
    '\n',
    '\n\n',
    '\r',
    '\r\n',
    '\r\n\r\n',
    'other: y',
  ];
  for (let round = 0; round < 20_000; round++) {
    const chunks = Array.from({ length: 1 + random(5) }, () =>
      Array.from({ length: random(12) }, () => words[random(words.length)]).join(''),
    );
    const [ours, theirs] = [[], []];
    const one = new SseParser({
      onEvent: ({ type, data }) => ours.push([type, data]),
      onRetry: (n) => ours.push(n),
    });
    const two = peer.createParser({
      onEvent: ({ event, data }) => theirs.push([event ?? 'message', data]),
      onRetry: (n) => theirs.push(n),
    });
    for (const chunk of chunks) {
      one.feed(chunk);
      two.feed(chunk);
    }
    two.feed('\n'); // it holds back a line that ends in "\r"; a comment after it changes nothing
    one.feed('\n');
    assert.deepEqual(ours, theirs, JSON.stringify(chunks));
  }
});
