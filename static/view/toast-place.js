// Where toasts are: over the log, however low it becomes, or over the open list; never over a field that is being
// written in, or the buttons at it.

import { find } from './dom.js';

/** @type {ResizeObserver | undefined} */
let observer;

/** Keep them clear of the field, from now on. */
export function placeToasts() {
  if (observer) return fit();
  observer = new ResizeObserver(fit); // which calls back for the first time, too
  for (const area of ['#log', '#list', '#sidebar']) observer.observe(find(area));
  addEventListener('focusin', fit);
}

function fit() {
  const { style, dataset } = find('#toasts');
  const { top, height } = find(find('#page').inert ? '#list' : '#log').getBoundingClientRect();
  style.setProperty('--top', `${top - document.body.getBoundingClientRect().top}px`);
  style.setProperty('--height', `${height}px`);
  const field = document.activeElement?.closest('#list input')?.getBoundingClientRect();
  dataset.side = field && field.top > top + height / 2 ? 'top' : ''; // away from a name that is being typed
}
