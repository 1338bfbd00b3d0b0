// Questions on their way to the store, where the page goes before they are there.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Outbox } from '../../static/view/outbox.js';

/** A tab: its storage, and what its pages hear. */
function tab() {
  const page = new EventTarget();
  const kept = new Map();
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.sessionStorage = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
  const given = [];
  const outbox = new Outbox((asked) => given.push(asked.text));
  const tell = (type, more) => page.dispatchEvent(Object.assign(new Event(type), more));
  return { outbox, given, tell };
}

/** Send a question that is not stored before the page goes. */
function sending(outbox, asked) {
  let end;
  const stored = new Promise((resolve) => (end = resolve));
  return { done: outbox.send(asked, () => stored), end };
}

test('a question that is not asked yet as the page goes is a draft again, and is not asked later', async () => {
  const { outbox, given, tell } = tab();
  const asked = { text: 'Why?' };
  const { done, end } = sending(outbox, asked);
  tell('pagehide');
  assert.deepEqual([given, asked.isBack], [['Why?'], true]);
  end(false);
  await done;
  assert.deepEqual(given, ['Why?']);
});

test('a question that is being stored as the page goes is left to the next page, once', () => {
  const { outbox, given, tell } = tab();
  sending(outbox, { text: 'Why?', id: 'q1', place: 'c1' });
  tell('pagehide');
  assert.deepEqual(given, []);
  assert.deepEqual(outbox.takeLeft(), [{ text: 'Why?', id: 'q1', place: 'c1' }]);
  assert.deepEqual(outbox.takeLeft(), []);
});

test('a page that comes back stores its question itself, and leaves the next page none', async () => {
  const { outbox, tell } = tab();
  const { done, end } = sending(outbox, { text: 'Why?', id: 'q1', place: 'c1' });
  tell('pagehide');
  tell('pageshow', { persisted: true });
  end(true);
  await done;
  tell('pagehide');
  assert.deepEqual(outbox.takeLeft(), []);
});
