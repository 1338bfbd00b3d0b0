// Tabs: which of them live, and what one leaves to the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeStorage } from './conversations.js';
import { tabChannels } from './tab-channels.js';
import { Tabs } from '../../static/model/tabs.js';

const LEFT = [{ table: 'messages', record: { id: 'a' } }];

/** Tabs that hear each other; what each hears of those that are gone is in its `heard`. */
function browser(t) {
  const channels = tabChannels(t);
  const open = (own = new FakeStorage(), delay = 1) => {
    const channel = channels.open(delay);
    const tabs = new Tabs(own, channel);
    const heard = [];
    tabs.addEventListener('gone', ({ detail }) => heard.push(detail));
    return { own, close: channel.close, tabs, heard };
  };
  return { ...channels, open };
}

test('what a tab leaves is heard once it is gone, and not if its page is only loaded again', async (t) => {
  const { open, pass } = browser(t);
  const [gone, loaded, living] = [open(), open(), open()];
  for (const { tabs, close } of [gone, loaded]) {
    tabs.leave(tabs === gone.tabs ? LEFT : []);
    await pass(100); // a page that goes may answer for a while
    close();
  }
  await pass(500);
  open(loaded.own);
  await pass(3000);
  assert.deepEqual(living.heard, [LEFT]);
});

test('two that ask who lives hear of all, also when they ask at nearly the same time', async (t) => {
  const { open, pass } = browser(t);
  const [one, other] = [open(), open(undefined, 300)];
  const first = one.tabs.others();
  await pass(900);
  const second = one.tabs.others();
  await pass(1000);
  for (const asked of [first, second]) assert.deepEqual([...(await asked)], [other.tabs.id]);
});

test('a duplicated tab has another id, and the one that was there first keeps its own', async (t) => {
  const { open, pass } = browser(t);
  const one = open();
  await pass(100);
  const { id } = one.tabs;
  const copy = open(Object.assign(new FakeStorage(), { 'claude-sse:tab': id }));
  let renamed = 0;
  copy.tabs.addEventListener('renamed', () => (renamed += 1));
  await pass(100);
  assert.equal(one.tabs.id, id);
  assert.notEqual(copy.tabs.id, id);
  assert.equal(copy.own['claude-sse:tab'], copy.tabs.id);
  assert.equal(renamed, 1);
});
