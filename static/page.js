// The few words in which the modules speak to the page's elements.

/** @template {Element} [T=HTMLElement] @param {ParentNode | Element} root @param {string} [selector] @param {{ new (): T }} [type] @returns {T} */
export function part(root, selector, type = /** @type {any} */ (HTMLElement)) {
  const found = selector ? root.querySelector(selector) : root;
  if (!(found instanceof type)) throw new Error(`the page lacks ${selector}`);
  return found;
}

/** @template {Element} [T=HTMLElement] @param {string} selector @param {{ new (): T }} [type] @returns {T} */
export function find(selector, type) {
  return part(document, selector, type);
}

/** Write only what is new: a live region speaks at each write. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {string} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} kids @returns {HTMLElement} */
export function make(tag, attributes = {}, ...kids) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...kids);
  return element;
}

/** @param {string} text @returns {Promise<boolean>} */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // plain http off localhost has no clipboard
    const field = /** @type {HTMLTextAreaElement} */ (make('textarea', { readonly: '', class: 'unseen' }));
    field.value = text;
    const focused = document.activeElement;
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    return done;
  }
}

/** Offer this text as a file. @param {string} name @param {string} type @param {string} text */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** localStorage, or nothing where it is forbidden or full: a reload forgets, then. */
export const memory = {
  /** @param {string} key */
  get(key) {
    try {
      return localStorage.getItem(`claude-sse:${key}`) ?? '';
    } catch {
      return '';
    }
  },
  /** @param {string} key @param {string} value */
  set(key, value) {
    try {
      if (value) localStorage.setItem(`claude-sse:${key}`, value);
      else localStorage.removeItem(`claude-sse:${key}`);
    } catch {
      // see above
    }
  },
};
