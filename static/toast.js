// One sentence at the foot of the page, for ten seconds, perhaps with a way back.

import { find, part, say } from './page.js';

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** @param {string} sentence @param {string} [label] @param {() => void} [act] */
export function offer(sentence, label = '', act = () => {}) {
  const toast = find('#toast');
  const button = part(toast, 'button', HTMLButtonElement);
  const hide = () => {
    toast.hidden = true;
  };
  toast.hidden = false;
  say(part(toast, 'span'), sentence);
  say(button, label);
  button.hidden = !label;
  button.onclick = () => {
    hide();
    act();
  };
  clearTimeout(timer);
  timer = setTimeout(hide, 10_000);
}
