// The page's entry: opens the store and the desk, listens for what wakes a connection, and then, when text
// is already there, loads what makes it Markdown.

import { obey } from './app/commands.js';
import { Desk } from './app/chat-controller.js';
import { listen } from './view/shortcuts.js';
import { openStore, soon } from './model/store.js';

const wake = new EventTarget();
const store = soon(openStore());
const desk = new Desk(store, new BroadcastChannel('claude-sse'), wake);
listen((command, button) => obey(desk, command, button));

/** After a sleep or a change of network an open body may stay silent for ever: follow anew. */
function reconnect(silentFor) {
  wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
}
document.addEventListener('resume', () => reconnect(0));
addEventListener('pageshow', (event) => event.persisted && reconnect(0));
addEventListener('online', () => reconnect(10_000)); // a heartbeat comes every 10 s
document.addEventListener('visibilitychange', () =>
  document.hidden ? desk.save() : reconnect(15_000),
);
addEventListener('pagehide', () => desk.save());

await desk.start(store);
// Not before the first paint: text is there without them.
try {
  const [{ createRenderer }, { createHighlighter }] = await Promise.all([
    import('./markdown/renderer.js'),
    import('./markdown/highlight.js'),
  ]);
  desk.format({ createRenderer, highlighter: createHighlighter() });
} catch {
  // the libraries are not installed: answers are plain text
}
