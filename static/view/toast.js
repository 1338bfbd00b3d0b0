// One sentence at the foot of the page, for ten seconds, with a button where something can be undone.

import { find, part, say } from './dom.js';

const SHOWN_MS = 10_000;

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** Show a sentence, and a button with this label if there is one. @param {string} sentence @param {string} [label] @param {() => void} [act] */
export function offer(sentence, label = '', act = () => {}) {
  const toast = find('#toast');
  const button = part(toast, 'button');
  const show = (/** @type {boolean} */ shown) => (toast.hidden = !shown);
  show(true);
  say(part(toast, 'span'), sentence);
  say(button, label);
  button.hidden = !label;
  button.onclick = () => {
    show(false);
    act();
  };
  clearTimeout(timer);
  timer = setTimeout(show, SHOWN_MS, false);
}
