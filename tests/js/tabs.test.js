// Tabs: which of them live, and what one leaves to the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeStorage } from './conversations.js';
import { settle } from './fake-time.js';
import { Tabs } from '../../static/model/tabs.js';

const LEFT = [{ table: 'messages', record: { id: 'a' } }];

/** Tabs that hear each other, on time that a test lets pass; what each hears of those that are gone is in its `heard`. */
function browser(t) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const channels = new Set();
  const open = (own = new FakeStorage(), delay = 1) => {
    const channel = new EventTarget();
    const tell = (data) => {
      const others = channels.has(channel) ? [...channels].filter((one) => one !== channel) : [];
      for (const one of others)
        one.dispatchEvent(Object.assign(new Event('message'), { data: structuredClone(data) }));
    };
    channel.postMessage = (data) => setTimeout(() => tell(data), delay);
    channels.add(channel);
    const tabs = new Tabs(own, channel);
    const heard = [];
    tabs.addEventListener('gone', ({ detail }) => heard.push(detail));
    return { own, close: () => channels.delete(channel), tabs, heard };
  };
  const later = async (ms) => {
    for (let passed = 0; passed < ms; passed += 10) {
      t.mock.timers.tick(10);
      await settle();
    }
  };
  return { open, later };
}

test('what a tab leaves is heard once it is gone, and not if its page is only loaded again', async (t) => {
  const { open, later } = browser(t);
  const [gone, loaded, living] = [open(), open(), open()];
  for (const { tabs, close } of [gone, loaded]) {
    tabs.leave(tabs === gone.tabs ? LEFT : []);
    await later(100); // a page that goes may answer for a while
    close();
  }
  await later(500);
  open(loaded.own);
  await later(3000);
  assert.deepEqual(living.heard, [LEFT]);
});

test('two that ask who lives hear of all, also when they ask at nearly the same time', async (t) => {
  const { open, later } = browser(t);
  const [one, other] = [open(), open(undefined, 300)];
  const first = one.tabs.others();
  await later(900);
  const second = one.tabs.others();
  await later(1000);
  for (const asked of [first, second]) assert.deepEqual([...(await asked)], [other.tabs.id]);
});

test('a duplicated tab has another id, and the one that was there first keeps its own', async (t) => {
  const { open, later } = browser(t);
  const one = open();
  await later(100);
  const { id } = one.tabs;
  const copy = open(Object.assign(new FakeStorage(), { 'claude-sse:tab': id }));
  let renamed = 0;
  copy.tabs.addEventListener('renamed', () => (renamed += 1));
  await later(100);
  assert.equal(one.tabs.id, id);
  assert.notEqual(copy.tabs.id, id);
  assert.equal(copy.own['claude-sse:tab'], copy.tabs.id);
  assert.equal(renamed, 1);
});
