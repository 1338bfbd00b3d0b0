// The page's entry: opens the store and the desk, listens for what wakes a connection, and then, when text
// is already there, loads what makes it Markdown.

import { Desk } from './desk.js';
import { listen } from './keys.js';
import { openStore, soon } from './store.js';

const wake = new EventTarget();
const channel = new BroadcastChannel('claude-sse');
const store = soon(openStore(localStorageOrNothing()));
const chat = new Desk(store, channel, wake);
listen((command, button) => chat.command(command, button));

/** After a sleep or a change of network an open body may stay silent for ever: follow anew. @param {number} silentFor ms */
function reconnect(silentFor) {
  wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
}
document.addEventListener('resume', () => reconnect(0));
addEventListener('pageshow', (event) => event.persisted && reconnect(0));
addEventListener('online', () => reconnect(10_000)); // a heartbeat comes every 10 s
document.addEventListener('visibilitychange', () => (document.hidden ? chat.save() : reconnect(15_000)));
addEventListener('pagehide', () => chat.save());

await chat.start(store);
// Not before the first paint: text is there without them.
try {
  const [{ createRenderer }, { createHighlighter }] = await Promise.all([import('./markdown.js'), import('./highlight.js')]);
  chat.format({ createRenderer, highlighter: createHighlighter() });
} catch {
  // the libraries are not installed: answers are plain text
}

function localStorageOrNothing() {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem() {}, removeItem() {} }; // forbidden here: a reload forgets
  }
}
