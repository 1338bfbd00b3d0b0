// Where toasts are: over the log, however low it becomes, or over the open list; never over a field that is being
// written in, or the buttons at it. In front of an open dialog only what is in it can be seen.

import { find } from './dom.js';

/** @type {ResizeObserver | undefined} */
let observer;

/** Keep them clear of the field, from now on. */
export function placeToasts() {
  if (observer) return fit();
  observer = new ResizeObserver(fit); // which calls back for the first time, too
  for (const area of ['#log', '#list', '#sidebar']) observer.observe(find(area));
  addEventListener('focusin', fit);
  addEventListener('close', fit, true); // before a dialog that is closed is removed
}

function fit() {
  const toasts = find('#toasts');
  const { style, dataset } = toasts;
  const front = [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;
  if (toasts.parentNode !== front) front.append(toasts);
  const area = front === document.body ? find(find('#page').inert ? '#list' : '#log') : front;
  const { top, height } = area.getBoundingClientRect();
  style.setProperty('--top', `${top - document.body.getBoundingClientRect().top}px`);
  style.setProperty('--height', `max(${height}px, 6rem)`); // an empty list is low
  const field = document.activeElement?.closest('#list input')?.getBoundingClientRect();
  dataset.side = field && field.top > top + height / 2 ? 'top' : ''; // away from a name that is being typed
}
