// Locks between tabs: held by one, taken over from one that is gone or does not answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Locks } from '../../static/system/locks.js';
import { pass, settle } from './fake-time.js';

/** The browser's locks, as far as they are used. */
class BrowserLocks {
  waiting = new Map();

  async request(name, options, then) {
    const before = this.waiting.get(name);
    if (before && options.ifAvailable) return then(null);
    let done;
    this.waiting.set(name, new Promise((resolve) => (done = resolve)));
    const aborted = new Promise((_, reject) =>
      options.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
    );
    await Promise.race([before, aborted]);
    await then({ name });
    this.waiting.delete(name);
    done();
  }
}

/** Channels that hear each other, unless one is frozen. */
class Channel extends EventTarget {
  static all = [];
  frozen = false;

  constructor() {
    super();
    Channel.all.push(this);
  }

  postMessage(data) {
    for (const one of Channel.all) {
      if (one === this || one.frozen || this.frozen) continue;
      one.dispatchEvent(Object.assign(new Event('message'), { data }));
    }
  }
}

function begin(t, locks = new BrowserLocks()) {
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  Channel.all = [];
  const tab = () => {
    const channel = new Channel();
    return { channel, locks: new Locks(channel) };
  };
  return [tab(), tab()];
}
const never = () => new AbortController().signal;

test('a lock of a tab that answers is waited for, and had when it is released', async (t) => {
  const [one, two] = begin(t);
  const release = await one.locks.acquire('x', never());
  let had;
  two.locks.acquire('x', never()).then((got) => (had = got));
  await pass(t, 30);
  assert.equal(had, undefined);
  release();
  await settle();
  assert.equal(typeof had, 'function');
});

test('a lock of a tab that does not answer counts as free after three seconds', async (t) => {
  const [one, two] = begin(t);
  const release = await one.locks.acquire('x', never());
  one.channel.frozen = true;
  let had;
  two.locks.acquire('x', never()).then((got) => (had = got));
  await pass(t, 2);
  assert.equal(had, undefined);
  await pass(t, 1);
  assert.equal(typeof had, 'function');
  one.channel.frozen = false;
  release(); // it thaws: the lock is really the other's now, who answers for it
  let third;
  one.locks.acquire('x', never()).then((got) => (third = got));
  await pass(t, 10);
  assert.equal(third, undefined);
  had();
  await settle();
  assert.equal(typeof third, 'function');
});

test('a wait ends with its signal, also where the browser never answers', async (t) => {
  for (const locks of [new BrowserLocks(), { request: () => new Promise(() => {}) }]) {
    const [one, two] = begin(t, locks);
    one.locks.acquire('x', never());
    const leaving = new AbortController();
    const waiting = two.locks.acquire('x', leaving.signal);
    await settle();
    leaving.abort();
    assert.equal(await waiting, null);
    t.mock.timers.reset();
  }
});

test('locks that never answer, are refused or do not exist count as free', async (t) => {
  for (const [locks, seconds] of [
    [{ request: () => new Promise(() => {}) }, 3],
    [undefined, 0],
  ]) {
    const [one] = begin(t, locks);
    if (!locks) navigator.locks = undefined;
    let [had, slot] = [];
    one.locks.acquire('x', never()).then((got) => (had = got));
    one.locks.tryAcquire('y').then((got) => (slot = got));
    await pass(t, seconds);
    assert.equal(typeof had, 'function');
    assert.equal(typeof slot, 'function');
    assert.equal(await one.locks.tryAcquire('y'), null, 'this tab has it');
    t.mock.timers.reset();
  }
  const [one] = begin(t, { request: () => Promise.reject(new Error('not allowed here')) });
  assert.equal(typeof (await one.locks.tryAcquire('y')), 'function');
  assert.equal(typeof (await one.locks.acquire('x', never())), 'function');
});
