// The few functions through which the modules touch the page's elements. The page's texts come with it.

import { learn } from '../system/words.js';

const texts = document.querySelector('#words')?.textContent;
if (texts) learn(JSON.parse(texts), document.documentElement.lang, navigator.languages);

/** Return the element; what it can do is up to the template. @param {ParentNode} root @param {string} selector @returns {any} */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page lacks ${selector}`);
  return found;
}

/** @param {string} selector */
export const find = (selector) => part(document, selector);

/** Return a copy of the content of this template. @param {string} template */
export const copyOf = (template) => find(template).content.cloneNode(true).firstElementChild;

/** Write text only if it is new: a live region is announced at each write. @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} tag @param {Record<string, any>} [properties] @returns {any} */
export function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/** Copy to the clipboard, as rich text too; resolves to whether that worked. @param {string} text @param {string} [html] */
export async function copy(text, html) {
  // The browser would hold rich text to the page's own policy for styles, were it not given by an event.
  if (html && copyBySelection(text, html)) return true;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // plain http off localhost has no clipboard
  }
}

/** @param {string} text @param {string} [html] */
function copyBySelection(text, html) {
  const field = make('textarea', { readOnly: true, className: 'unseen', value: text });
  const focused = document.activeElement;
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  field.addEventListener('copy', (/** @type {ClipboardEvent} */ event) => {
    if (!html) return;
    event.clipboardData?.setData('text/plain', text);
    event.clipboardData?.setData('text/html', html);
    event.preventDefault();
  });
  const done = document.execCommand('copy');
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;
}

/** Return whether this key still belongs to an input method; Safari says so only by the key code. @param {KeyboardEvent} event */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Whether ⌘ is this machine's key for commands. */
export const isApple = /Mac|iP(hone|ad|od)/.test(navigator.platform);

/** Return whether fingers write here, on glass: Shift+Enter does not exist there. */
export const isPhone = () =>
  matchMedia('(pointer: coarse)').matches && !matchMedia('(any-pointer: fine)').matches;

/** What a storage holds under our names; where it is forbidden or full, a reload forgets. @param {() => Storage} find */
const memoryIn = (find) => ({
  /** @param {string} key */
  get(key) {
    try {
      return find().getItem(`claude-sse:${key}`) ?? '';
    } catch {
      return '';
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      if (value) find().setItem(`claude-sse:${key}`, value);
      else find().removeItem(`claude-sse:${key}`);
    } catch {
      // see above
    }
  },
});

/** What this browser remembers. */
export const memory = memoryIn(() => localStorage);
/** What this tab remembers through its reloads. */
export const tabMemory = memoryIn(() => sessionStorage);

/** Return the list that this tab remembers under this key; an empty one if there is none, or it is damaged. @param {string} key @returns {any[]} */
export function rememberedList(key) {
  try {
    const list = JSON.parse(tabMemory.get(key) || '[]');
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** Have this tab remember a list through its reloads. @param {string} key @param {unknown[]} list */
export const rememberList = (key, list) =>
  tabMemory.set(key, list.length ? JSON.stringify(list) : '');

/** Return the place that the address names: the id of a conversation, or `new`. */
export const shownPlace = () => location.hash.slice(2).split('/')[0];

/** Return the id of the message that the address names, or ''. */
export const shownMessage = () => location.hash.slice(2).split('/')[1] ?? '';

/** Name another place without going there: the page shows it already. @param {string} place */
export function renamePlace(place) {
  history.replaceState(null, '', `#/${place}`);
}

/** Have these children and no others in an element; those before the first change are not touched. @param {HTMLElement} root @param {HTMLElement[]} children */
export function place(root, children) {
  const there = [...root.children];
  const same = children.findIndex((one, i) => one !== there[i]);
  const kept = same < 0 ? children.length : same;
  for (const one of there.slice(kept)) one.remove();
  root.append(...children.slice(kept));
}
