// The few words in which the modules speak to the page's elements.

/** @returns {any} */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page lacks ${selector}`);
  return found;
}

export const find = (selector) => part(document, selector);

/** A copy of what is in this template of the page. */
export const copyOf = (template) => find(template).content.cloneNode(true).firstElementChild;

/** Write only what is new: a live region speaks at each write. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @returns {any} */
export function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/** Returns whether it could be copied. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // plain http off localhost has no clipboard
    const field = make('textarea', { readOnly: true, className: 'unseen', value: text });
    const focused = document.activeElement;
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return done;
  }
}

/** localStorage, or nothing where it is forbidden or full: a reload forgets, then. */
export const memory = {
  get(key) {
    try {
      return localStorage.getItem(`claude-sse:${key}`) ?? '';
    } catch {
      return '';
    }
  },
  set(key, value) {
    try {
      if (value) localStorage.setItem(`claude-sse:${key}`, value);
      else localStorage.removeItem(`claude-sse:${key}`);
    } catch {
      // see above
    }
  },
};
