// Who may follow an answer: the seats of one tab, with and without the browser's locks between tabs.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

import { Seats, hold } from '../../static/network/connection-slots.js';

/** The browser's locks, as far as seats need them. */
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
const guest = (seen = true) => ({ seen: () => seen, leave: mock.fn(), since: 0 });
const settle = async () => {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
};

for (const [way, locks] of Object.entries(ways)) {
  test(`there are as many seats as said, and one that is given back is taken (${way})`, async (t) => {
    Object.defineProperty(globalThis, 'navigator', {
      value: { locks: locks() },
      configurable: true,
    });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const seats = new Seats(new Channel(), 2);
    const { signal } = new AbortController();
    const leave = [await seats.take(guest(), signal), await seats.take(guest(), signal)];
    assert.ok(leave.every((give) => typeof give === 'function'));
    let third;
    seats.take(guest(), signal).then((give) => (third = give));
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

test('who waits asks the unseen guest that has sat longest, and other tabs where all are seen', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const channel = new Channel();
  const seats = new Seats(channel, 3);
  const { signal } = new AbortController();
  const [seen, first, second] = [guest(true), guest(false), guest(false)];
  for (const one of [second, seen, first]) await seats.take(one, signal);
  [first.since, second.since, seen.since] = [10, 20, 0];
  seats.take(guest(true), signal);
  await settle();
  assert.deepEqual(
    [seen, first, second].map(({ leave }) => leave.mock.callCount()),
    [0, 1, 0],
  );
  assert.deepEqual(channel.posted, []);
  channel.dispatchEvent(Object.assign(new Event('message'), { data: 'seat' })); // another tab asks
  channel.dispatchEvent(Object.assign(new Event('message'), { data: 'something else' }));
  assert.equal(first.leave.mock.callCount(), 2);

  const full = new Seats(channel, 1);
  await full.take(guest(true), signal);
  full.take(guest(true), signal);
  await settle();
  assert.deepEqual(channel.posted, ['seat']);
});

test('who looks asks at once, who does not when a turn is over; then each again after a turn', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const [looks, expected] of [
    [true, [0, 15_000, 30_000]],
    [false, [14_750, 29_750]],
  ]) {
    const channel = new Channel();
    const seats = new Seats(channel, 1);
    const { signal } = new AbortController();
    await seats.take(guest(true), signal);
    seats.take(guest(looks), signal);
    const asked = [];
    for (let at = 0; at <= 30_000; at += 250) {
      await settle();
      if (channel.posted.splice(0).length) asked.push(at);
      t.mock.timers.tick(250);
    }
    assert.deepEqual(asked, expected);
  }
});

test('who no longer wants a seat has none; without a limit all have one', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const seats = new Seats(new Channel(), 1);
  const leaving = new AbortController();
  await seats.take(guest(), leaving.signal);
  let third;
  seats.take(guest(), leaving.signal).then((give) => (third = give));
  await settle();
  leaving.abort();
  t.mock.timers.tick(250);
  await settle();
  assert.equal(third, null);
  assert.equal(await seats.take(guest(), leaving.signal), null);
  const many = new Seats(new Channel(), Infinity);
  for (let n = 0; n < 20; n += 1)
    assert.equal(typeof (await many.take(guest(), new AbortController().signal)), 'function');
});

test('HTTP/1.1 has four seats, HTTP/2 and later any number', async (t) => {
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
    const seats = new Seats(new Channel());
    const leaving = new AbortController();
    const taken = [];
    for (let n = 0; n < 6; n += 1)
      seats.take(guest(), leaving.signal).then((give) => taken.push(give));
    await settle();
    assert.equal(taken.length, many ? 6 : 4, protocol);
    leaving.abort();
  }
});

test('a lock is held until it is let go of; one that cannot be had is null', async () => {
  const locks = new Locks();
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  const letGo = await hold('x', {});
  assert.ok(locks.held.has('x'));
  assert.equal(await hold('x', { ifAvailable: true }), null);
  letGo();
  await settle();
  assert.ok(!locks.held.has('x'));
  locks.request = () => Promise.reject(new Error('not allowed here'));
  assert.equal(await hold('x', {}), null);
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  assert.equal(typeof (await hold('x', {})), 'function');
});
