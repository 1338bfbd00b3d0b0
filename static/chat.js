// The chat page's entry: opens the store and the controller, listens for what wakes a connection, and then,
// when text is already there, loads what makes it Markdown.

import { ChatController } from './app/chat-controller.js';
import { runCommand } from './app/commands.js';
import { growingText } from './markdown/growing-text.js';
import { deferredStore, openStore } from './model/store.js';
import { listen } from './view/shortcuts.js';

const wake = new EventTarget();
const store = deferredStore(openStore());
const channel = new BroadcastChannel('claude-sse');
const chat = new ChatController({ store, channel, wake, growingText });
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
addEventListener('pagehide', () => chat.save());

await chat.start(store);
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
  // the libraries are not installed: answers are plain text
}
