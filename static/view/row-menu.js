// The menu of an entry, below its button: arrow keys, the first letter, Home and End; Esc, Tab and a click elsewhere
// close it, and the focus returns to the button.

import { make } from './dom.js';

/** @typedef {{ act: string, icon: string, text: string }} Item */

const GAP_PIXELS = 4;
/** Closes the one that is open. @type {(() => void) | undefined} */
let close;

/** Open a menu with these items; `onChosen` is called with the act of the one that is chosen. @param {HTMLElement} button @param {Item[]} items @param {(act: string) => void} onChosen */
export function openMenu(button, items, onChosen) {
  const isSame = button.ariaExpanded === 'true';
  close?.();
  if (isSame) return;
  const menu = make('div', { id: 'row-menu', className: 'menu', role: 'menu' });
  menu.ariaLabel = button.ariaLabel;
  menu.append(...items.map(itemOf));
  (button.closest('nav, dialog') ?? document.body).append(menu);
  button.ariaExpanded = 'true';
  beside(menu, button);
  const ends = new AbortController();
  close = () => {
    close = undefined;
    ends.abort();
    const hadFocus = menu.contains(document.activeElement);
    menu.remove();
    button.ariaExpanded = 'false';
    if (hadFocus) button.focus({ preventScroll: true });
  };
  const { signal } = ends;
  menu.addEventListener('click', (/** @type {any} */ { target }) => {
    const act = target.closest('button')?.dataset.act;
    if (!act) return;
    close?.();
    onChosen(act);
  });
  menu.addEventListener('keydown', pressed);
  menu.addEventListener('focusout', (/** @type {FocusEvent} */ { relatedTarget }) => {
    if (relatedTarget && !menu.contains(relatedTarget)) close?.();
  });
  const isOutside = (/** @type {any} */ { target }) =>
    !menu.contains(target) && !button.contains(target);
  document.addEventListener('pointerdown', (event) => isOutside(event) && close?.(), { signal });
  button.closest('#list')?.addEventListener('scroll', () => close?.(), { signal });
  addEventListener('resize', () => close?.(), { signal });
  menu.firstElementChild.focus({ preventScroll: true });
}

/** @param {Item} item */
function itemOf({ act, icon, text }) {
  const button = make('button', {
    type: 'button',
    className: 'quiet',
    role: 'menuitem',
    tabIndex: -1,
  });
  button.dataset.act = act;
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${icon}`);
  svg.append(use);
  button.append(svg, make('span', { textContent: text }));
  return button;
}

/** Below the button, or above it where there is no room. @param {HTMLElement} menu @param {HTMLElement} button */
function beside(menu, button) {
  const { top, bottom, left, right } = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const isRtl = getComputedStyle(button).direction === 'rtl';
  const x = isRtl ? left : right - width;
  const fits = bottom + GAP_PIXELS + height <= innerHeight;
  const y = fits ? bottom + GAP_PIXELS : Math.max(GAP_PIXELS, top - GAP_PIXELS - height);
  menu.style.left = `${Math.max(GAP_PIXELS, Math.min(x, innerWidth - width - GAP_PIXELS))}px`;
  menu.style.top = `${y}px`;
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const menu = /** @type {HTMLElement} */ (event.currentTarget);
  const items = /** @type {HTMLElement[]} */ ([...menu.children]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const { key } = event;
  event.stopPropagation(); // Esc is not for the answer, nor a letter for a shortcut
  if (key === 'Escape' || key === 'Tab') close?.();
  else if (key === 'ArrowDown') items[(at + 1) % items.length].focus();
  else if (key === 'ArrowUp') items.at(at - 1)?.focus();
  else if (key === 'Home') items[0].focus();
  else if (key === 'End') items.at(-1)?.focus();
  else if (key.length === 1 && key !== ' ') focusLetter(items, at, key);
  else return;
  event.preventDefault();
}

/** @param {HTMLElement[]} items @param {number} at @param {string} letter */
function focusLetter(items, at, letter) {
  const rest = [...items.slice(at + 1), ...items.slice(0, at + 1)];
  const begins = (/** @type {HTMLElement} */ { textContent }) =>
    textContent?.toLocaleLowerCase().startsWith(letter.toLocaleLowerCase());
  rest.find(begins)?.focus();
}
