// The chat page's entry: opens the store and the controller, and listens for what wakes a connection.

import { ChatController } from './app/chat-controller.js';
import { runCommand } from './app/commands.js';
import { StorageState, askToPersist } from './app/storage-state.js';
import { openDisk } from './model/disk.js';
import { Journal } from './model/journal.js';
import { KeptStore } from './model/kept-store.js';
import { browserStorage } from './model/store.js';
import { Tabs } from './model/tabs.js';
import { Channel } from './system/channel.js';
import { PartMissing, know, load } from './system/parts.js';
import { say } from './system/words.js';
import { find, write } from './view/dom.js';
import { listen } from './view/shortcuts.js';
import { offer } from './view/toast.js';

/** @import { Change } from './types.js' */

know(JSON.parse(find('#parts').textContent));
const wake = new EventTarget();
/** Names the stored records that cannot be used. @type {Set<string>} */
const broken = new Set();
const storage = new StorageState(broken, () => chat.showStored(store));
const store = new KeptStore({
  open: () => openDisk(broken),
  journal: new Journal(browserStorage(), broken),
  onState: (state, error) => storage.changed(state, error),
  onStored: askToPersist,
});
const channel = new Channel('claude-sse');
const tabs = new Tabs(
  browserStorage(() => sessionStorage),
  new Channel('claude-sse:tabs'),
);
const chat = new ChatController({ store, channel, tabs, wake });
chat.composer.begin();
listen((command, button) => runCommand(chat, command, button));

/** A part of the page was needed and cannot be fetched now. */
addEventListener('unhandledrejection', (event) => {
  if (!(event.reason instanceof PartMissing)) return;
  event.preventDefault();
  offer(say('page.part-missing'));
});

/** What the browser knows; what requests tell comes with the first of them. */
const tellOffline = () => write(find('#offline'), navigator.onLine ? '' : say('offline.offline'));
addEventListener('online', tellOffline);
addEventListener('offline', tellOffline);
tellOffline();
for (const type of ['resize', 'scroll'])
  visualViewport?.addEventListener(type, () =>
    load('view/viewport.js').then(
      ({ fitKeyboard }) => fitKeyboard(),
      () => {},
    ),
  );

/** After a sleep or a change of network an open body may stay silent forever: cut it. @param {number} silentFor in ms */
function reconnect(silentFor) {
  wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
}
document.addEventListener('resume', () => reconnect(0));
addEventListener('pageshow', (event) => event.persisted && reconnect(0));
addEventListener('online', () => reconnect(10_000)); // a heartbeat comes every 10 s
document.addEventListener('visibilitychange', () => {
  if (document.hidden) chat.save();
  else {
    reconnect(15_000);
    void takeOver(); // of a tab that had no time to say that it goes
  }
  void chat.onDemand.visibilityChanged();
});
addEventListener('pagehide', () => {
  const takeBack = chat.composer.leave();
  if (takeBack) addEventListener('pageshow', takeBack, { once: true }); // the browser brings the page back
  chat.save();
  tabs.leave(store.leave());
});
tabs.addEventListener('gone', (/** @type {any} */ { detail }) => takeOver(detail));

/** Store what a tab could not that is gone, and show it. @param {Change[]} [left] */
async function takeOver(left) {
  if (await store.takeOver(left)) await chat.showStored(store);
}

await chat.start(store);
storage.tellBroken();
if ('kept' in document.body.dataset) {
  const keep = () => load('system/workers.js').then(({ keepPage }) => keepPage());
  (globalThis.requestIdleCallback ?? setTimeout)(() => keep().catch(() => {}));
}
