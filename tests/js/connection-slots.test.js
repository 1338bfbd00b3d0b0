// Which answers are followed: the connection slots of one tab, with and without the browser's locks between tabs.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { ConnectionSlots } from '../../static/network/connection-slots.js';

/** The browser's locks, as far as slots need them. */
class Locks {
  held = new Set();

  async request(name, options, then) {
    if (this.held.has(name)) return options.ifAvailable ? then(null) : new Promise(() => {});
    this.held.add(name);
    try {
      return await then({ name });
    } finally {
      this.held.delete(name);
    }
  }
}

class Channel extends EventTarget {
  posted = [];

  postMessage(data) {
    this.posted.push(data);
  }
}

const ways = { locks: () => new Locks(), 'no locks': () => undefined };
const holder = (seen = true) => ({ isSeen: () => seen, leave: mock.fn(), since: 0 });
const settle = async () => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

for (const [way, locks] of Object.entries(ways)) {
  test(`there are as many slots as the limit says, and a released one is acquired (${way})`, async (t) => {
    Object.defineProperty(globalThis, 'navigator', {
      value: { locks: locks() },
      configurable: true,
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const slots = new ConnectionSlots(new Channel(), 2);
    const { signal } = new AbortController();
    const leave = [await slots.acquire(holder(), signal), await slots.acquire(holder(), signal)];
    assert.ok(leave.every((give) => typeof give === 'function'));
    let third;
    slots.acquire(holder(), signal).then((give) => (third = give));
    await settle();
    for (let waited = 0; waited < 2_000; waited += 250) {
      t.mock.timers.tick(250);
      await settle();
      assert.equal(third, undefined);
    }
    leave[1]();
    await settle();
    t.mock.timers.tick(250);
    await settle();
    assert.equal(typeof third, 'function');
  });
}

test('the unseen holder that has been there longest is asked to leave, and other tabs where all are seen', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const channel = new Channel();
  const slots = new ConnectionSlots(channel, 3);
  const { signal } = new AbortController();
  const [seen, first, second] = [holder(true), holder(false), holder(false)];
  for (const one of [second, seen, first]) await slots.acquire(one, signal);
  [first.since, second.since, seen.since] = [10, 20, 0];
  slots.acquire(holder(true), signal);
  await settle();
  assert.deepEqual(
    [seen, first, second].map(({ leave }) => leave.mock.callCount()),
    [0, 1, 0],
  );
  assert.deepEqual(channel.posted, []);
  channel.dispatchEvent(Object.assign(new Event('message'), { data: 'slot' })); // another tab asks
  channel.dispatchEvent(Object.assign(new Event('message'), { data: 'something else' }));
  assert.equal(first.leave.mock.callCount(), 2);

  const full = new ConnectionSlots(channel, 1);
  await full.acquire(holder(true), signal);
  full.acquire(holder(true), signal);
  await settle();
  assert.deepEqual(channel.posted, ['slot']);
});

test('an answer in sight asks immediately, another at the end of a turn; then each again after a turn', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [looks, expected] of [
    [true, [0, 15_000, 30_000]],
    [false, [14_750, 29_750]],
  ]) {
    const channel = new Channel();
    const slots = new ConnectionSlots(channel, 1);
    const { signal } = new AbortController();
    await slots.acquire(holder(true), signal);
    slots.acquire(holder(looks), signal);
    const asked = [];
    for (let at = 0; at <= 30_000; at += 250) {
      await settle();
      if (channel.posted.splice(0).includes('slot')) asked.push(at);
      t.mock.timers.tick(250);
    }
    assert.deepEqual(asked, expected);
  }
});

test('an aborted wait acquires nothing; without a limit every answer has a slot', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const slots = new ConnectionSlots(new Channel(), 1);
  const leaving = new AbortController();
  await slots.acquire(holder(), leaving.signal);
  let third;
  slots.acquire(holder(), leaving.signal).then((give) => (third = give));
  await settle();
  leaving.abort();
  t.mock.timers.tick(250);
  await settle();
  assert.equal(third, null);
  assert.equal(await slots.acquire(holder(), leaving.signal), null);
  const many = new ConnectionSlots(new Channel(), Infinity);
  for (let n = 0; n < 20; n += 1)
    assert.equal(typeof (await many.acquire(holder(), new AbortController().signal)), 'function');
});

test('HTTP/1.1 has four slots, HTTP/2 and later any number', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [protocol, many] of [
    ['http/1.1', false],
    ['h2', true],
    ['h3', true],
    ['', false],
  ]) {
    Object.defineProperty(globalThis, 'navigator', {
      value: { locks: new Locks() },
      configurable: true,
    });
    t.mock.method(performance, 'getEntriesByType', () => [{ nextHopProtocol: protocol }]);
    const slots = new ConnectionSlots(new Channel());
    const leaving = new AbortController();
    const taken = [];
    for (let n = 0; n < 6; n += 1)
      slots.acquire(holder(), leaving.signal).then((give) => taken.push(give));
    await settle();
    assert.equal(taken.length, many ? 6 : 4, protocol);
    leaving.abort();
  }
});
