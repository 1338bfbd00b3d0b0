// The verdict on timed frames, from responses that arrive in pieces.
import assert from 'node:assert/strict';
import test from 'node:test';

import './words.js';
import { findings, lateness, listen } from '../../static/network/diagnosis.js';

const frame = (id, atMs) =>
  `id: ${id}\ndata: {"text":"","at_ms":${atMs},"protocol":"HTTP/1.1"}\n\n`;
const DONE = 'id: 9\ndata: [DONE]\n\n';

/** A response whose pieces arrive at these seconds; null breaks the connection. */
function arriving(...pieces) {
  let seconds = 0;
  const body = new ReadableStream(
    {
      pull(controller) {
        const next = pieces.shift();
        if (!next) return controller.close();
        [seconds] = next;
        if (next[1] === null) return controller.error(new Error('cut'));
        controller.enqueue(new TextEncoder().encode(next[1]));
      },
    },
    { highWaterMark: 0 },
  );
  return listen(new Response(body), () => seconds);
}

test('frames that arrive when they were sent are well', async () => {
  const run = await arriving(
    [0.3, frame(1, 0)],
    [1.3, frame(2, 1000)],
    [2.31, frame(3, 2000) + DONE],
  );
  assert.deepEqual(findings(run), []);
  assert.ok(Math.max(...lateness(run.frames)) < 0.02);
});

test('frames that arrive together were held back', async () => {
  const run = await arriving([2, frame(1, 0) + frame(2, 1000) + frame(3, 2000) + DONE]);
  assert.deepEqual(findings(run), ['Frames are held back, for up to 2.0 s.']);
});

test('an end without the last frame is a cut, after a silence', async () => {
  const quiet = await arriving([0, frame(1, 0)], [1.5, null]);
  assert.deepEqual(findings(quiet), ['The stream was cut after 1.5 s of silence.']);
  const nothing = await arriving([4, ': heartbeat\n']);
  assert.deepEqual(findings(nothing), ['No frame arrived in 4.0 s.']);
});

test('what the response and the app say is taken into account', () => {
  const frames = [{ seconds: 0, fields: { at_ms: 0, protocol: 'HTTP/1.0' } }];
  const run = { encoding: 'gzip', frames, isWhole: true, endedAt: 1 };
  assert.deepEqual(findings(run), [
    'The stream is compressed (gzip) on the way.',
    'A proxy asks the app by HTTP/1.0.',
  ]);
});
