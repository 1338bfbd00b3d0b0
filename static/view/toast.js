// Sentences above everything, the newest below: each goes by itself, later if something can be undone, and not
// while the reader points at them, has the focus there or does not see the page.

import { load } from '../system/parts.js';
import { say } from '../system/words.js';
import { copyOf, find, part, write } from './dom.js';

const SHOWN_MS = 7_000;
const UNDO_MS = 30_000;
const TICK_MS = 500;
/** More than these wait for their turn. */
const TOGETHER = 3;

/** @typedef {{ element: HTMLElement, ms: number }} Toast `ms`: how long it is still shown. */

/** @type {Toast[]} */
const toasts = [];
/** @type {ReturnType<typeof setInterval> | undefined} */
let clock;

/**
 * Show a sentence, and a button with this label if there is one; return what takes both away.
 *
 * @param {string} sentence
 * @param {string} [label]
 * @param {() => void} [act]
 */
export function offer(sentence, label = '', act = () => {}) {
  const element = copyOf('#toast');
  const button = part(element, '.act');
  const toast = { element, ms: label ? UNDO_MS : SHOWN_MS };
  write(part(element, 'span'), sentence);
  write(button, label);
  button.hidden = !label;
  button.addEventListener('click', () => {
    end(toast);
    act();
  });
  part(element, '.close').addEventListener('click', () => end(toast));
  element.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation(); // it is not for the answer
    end(toast);
  });
  toasts.push(toast);
  showNext();
  return () => end(toast);
}

/** Show a sentence about another place, and a button that leads there. @param {string} sentence @param {string} place */
export function offerPlace(sentence, place) {
  return offer(sentence, say('toast.go'), () => (location.hash = `#/${place || 'new'}`));
}

/** @param {Toast} toast */
function end(toast) {
  const place = toasts.indexOf(toast);
  if (place < 0) return;
  const hadFocus = toast.element.contains(document.activeElement);
  toasts.splice(place, 1);
  toast.element.remove();
  showNext();
  if (hadFocus) find('#prompt').focus(); // it must not get lost
}

function showNext() {
  const root = find('#toasts');
  for (const { element } of toasts.slice(0, TOGETHER))
    if (!element.isConnected) root.append(element);
  load('view/toast-place.js').then(
    ({ placeToasts }) => placeToasts(),
    () => {},
  );
  if (toasts.length) clock ??= setInterval(tick, TICK_MS);
  else clock = void clearInterval(clock);
}

/** Time passes only for those that can be read. */
function tick() {
  if (document.hidden || find('#toasts').matches(':hover, :focus-within')) return;
  for (const toast of toasts.slice(0, TOGETHER)) {
    toast.ms -= TICK_MS;
    if (toast.ms <= 0) end(toast);
  }
}
