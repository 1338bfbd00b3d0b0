// One sentence at the foot of the page, for ten seconds, perhaps with a way back.

import { find, part, say } from './dom.js';

let timer;

export function offer(sentence, label = '', act = () => {}) {
  const toast = find('#toast');
  const button = part(toast, 'button');
  const show = (shown) => (toast.hidden = !shown);
  show(true);
  say(part(toast, 'span'), sentence);
  say(button, label);
  button.hidden = !label;
  button.onclick = () => {
    show(false);
    act();
  };
  clearTimeout(timer);
  timer = setTimeout(show, 10_000, false);
}
