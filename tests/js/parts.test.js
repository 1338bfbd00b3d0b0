// Parts that are loaded when they are needed, over a network that does not always work.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

import { know, load } from '../../static/system/parts.js';

const NAME = 'model/pdf-pages.js';
const FILES = [NAME, 'system/time.js'];
let fetched;

const answering = (status) => async (url) => {
  fetched.push(String(url).split('/static/')[1]);
  return new Response('', { status });
};
const failing = async () => {
  throw new TypeError('Failed to fetch');
};

beforeEach(() => {
  fetched = [];
  know({ [NAME]: FILES });
});
afterEach(() => mock.restoreAll());

test('a part is loaded when all its files can be fetched, and after a failure it can be loaded again', async () => {
  for (const [network, error] of [
    [failing, /Failed to fetch/],
    [answering(503), /503/],
    [answering(401), /401/],
  ]) {
    mock.method(globalThis, 'fetch', network);
    await assert.rejects(load(NAME), error);
  }
  fetched = [];
  mock.method(globalThis, 'fetch', answering(200));
  const [part, same] = await Promise.all([load(NAME), load(NAME)]);
  assert.equal(typeof part.pagesOf, 'function');
  assert.equal(same, part);
  assert.deepEqual(fetched.sort(), [...FILES].sort());
  await load(NAME);
  assert.equal(fetched.length, FILES.length);
});
