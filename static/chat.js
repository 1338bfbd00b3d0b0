// The chat page's entry: opens the store and the controller, listens for what wakes a connection, and then,
// when text is already there, loads what makes it Markdown.

import { ChatController } from './app/chat-controller.js';
import { runCommand } from './app/commands.js';
import { StorageState, askToPersist } from './app/storage-state.js';
import { growingText } from './markdown/growing-text.js';
import { openDisk } from './model/disk.js';
import { Journal } from './model/journal.js';
import { KeptStore } from './model/kept-store.js';
import { browserStorage } from './model/store.js';
import { Channel } from './system/channel.js';
import { listen } from './view/shortcuts.js';

const wake = new EventTarget();
/** Names the stored records that cannot be used. @type {Set<string>} */
const broken = new Set();
const storage = new StorageState(broken, () => chat.showStored());
const store = new KeptStore({
  open: () => openDisk(broken),
  journal: new Journal(browserStorage(), broken),
  onState: (state, error) => storage.changed(state, error),
  onStored: askToPersist,
});
const channel = new Channel('claude-sse');
const chat = new ChatController({ store, channel, wake, growingText });
chat.composer.begin();
listen((command, button) => runCommand(chat, command, button));

/** After a sleep or a change of network an open body may stay silent forever: cut it. @param {number} silentFor in ms */
function reconnect(silentFor) {
  wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
}
document.addEventListener('resume', () => reconnect(0));
addEventListener('pageshow', (event) => event.persisted && reconnect(0));
addEventListener('online', () => reconnect(10_000)); // a heartbeat comes every 10 s
document.addEventListener('visibilitychange', () =>
  document.hidden ? chat.save() : reconnect(15_000),
);
document.addEventListener('visibilitychange', () => document.hidden || store.retry());
addEventListener('pagehide', () => chat.save());

await chat.start(store);
storage.tellBroken();
// Not before the first paint: the text is there without them.
try {
  const [renderer, highlight, code, formula] = await Promise.all([
    import('./markdown/renderer.js'),
    import('./markdown/highlight.js'),
    import('./markdown/code-block.js'),
    import('./markdown/formula.js'),
  ]);
  chat.format({
    ...renderer,
    ...code,
    highlighter: highlight.createHighlighter(),
    typeset: formula.typesetting(() => import('./markdown/typesetter.js')),
    copying: () => import('./markdown/copied.js'),
  });
} catch {
  // they cannot be fetched now: answers are plain text
}
if ('kept' in document.body.dataset)
  (globalThis.requestIdleCallback ?? setTimeout)(() =>
    import('./system/workers.js').then(({ keepPage }) => keepPage()).catch(() => {}),
  );
