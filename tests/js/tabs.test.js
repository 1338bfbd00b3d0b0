// Tabs: which of them live, and what one leaves to the others.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FakeStorage } from './conversations.js';
import { Tabs } from '../../static/model/tabs.js';

const LEFT = [{ table: 'messages', record: { id: 'a' } }];
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Tabs that hear each other; what each hears of those that are gone is in its `heard`. */
function browser(t) {
  const name = `tabs ${Math.random()}`;
  return (own = new FakeStorage(), delay = 0) => {
    const channel = new BroadcastChannel(name);
    const post = channel.postMessage.bind(channel);
    let isOpen = true;
    channel.postMessage = (message) => setTimeout(() => isOpen && post(message), delay);
    const close = () => ((isOpen = false), channel.close());
    t.after(close);
    const tabs = new Tabs(own, channel);
    const heard = [];
    tabs.addEventListener('gone', ({ detail }) => heard.push(detail));
    return { own, close, tabs, heard };
  };
}

test('what a tab leaves is heard once it is gone, and not if its page is only loaded again', async (t) => {
  const open = browser(t);
  const [gone, loaded, living] = [open(), open(), open()];
  for (const { tabs, close } of [gone, loaded]) {
    tabs.leave(tabs === gone.tabs ? LEFT : []);
    await later(100); // a page that goes may answer for a while
    close();
  }
  open(loaded.own);
  await later(2500);
  assert.deepEqual(living.heard, [LEFT]);
});

test('two that ask who lives hear of all, also when they ask at nearly the same time', async (t) => {
  const open = browser(t);
  const [one, other] = [open(), open(undefined, 300)];
  const first = one.tabs.others();
  await later(900);
  const second = one.tabs.others();
  for (const asked of [first, second]) assert.deepEqual([...(await asked)], [other.tabs.id]);
});
