// Footnotes stand where they are written: an answer streams, and what is being read does not move. A note is numbered by
// its first reference, so that numbers are filled in on the page, after each drawing that brought one.

import { say } from '../system/words.js';
import { branch, leaf } from './vdom.js';

/** @import { Branch, Token, Tree } from '../types.js' */

/** More of them keep their labels: to number them takes time. */
const MOST = 2000;

/** @param {Token} token */
export function reference({ key, label }) {
  return branch('sup', { class: 'ref' }, [
    branch('button', { type: 'button', class: 'noteref', 'data-note': key, 'data-label': label }),
  ]);
}

/** @param {Token} token @param {(old: Tree[] | undefined) => Branch[]} within @param {Branch | undefined} shown */
export function note({ label, key }, within, shown) {
  const [, body] = shown?.kids ?? [];
  const mark = { class: 'note-mark', 'data-label': `[^${label}]:` };
  const back = { type: 'button', class: 'note-back', 'aria-label': say('markdown.back') };
  return branch('div', { class: 'footnote', role: 'doc-footnote', 'data-note': key }, [
    branch('span', mark),
    branch('div', {}, within(body && 'kids' in body ? body.kids : undefined)),
    branch('button', back, [leaf('↩')]),
  ]);
}

export class Footnotes {
  #root;
  /** The references and notes at the last numbering, and their keys. @type {[Element, string][]} */
  #counted = [];
  /** The reference that was followed to a note. @type {Map<string, Element>} */
  #from = new Map();

  /** @param {Element} root */
  constructor(root) {
    this.#root = root;
    root.addEventListener('click', (/** @type {any} */ { target }) => this.#clicked(target));
  }

  get #references() {
    return this.#root.getElementsByClassName('noteref');
  }

  get #notes() {
    return this.#root.getElementsByClassName('footnote');
  }

  /** Fill in the numbers if there are other notes or references than before. */
  number() {
    const [references, notes] = [first(this.#references), first(this.#notes)];
    if (!this.#hasChanged([...references, ...notes])) return;
    /** @type {Map<string, string>} */
    const numbers = new Map();
    for (const element of references) {
      const key = keyOf(element);
      const number = numbers.get(key) ?? `${numbers.size + 1}`;
      numbers.set(key, number);
      write(element, number);
      element.setAttribute('aria-label', say('markdown.footnote', { number }));
    }
    for (const element of notes) {
      const number = numbers.get(keyOf(element));
      write(/** @type {Element} */ (element.firstElementChild), number ? `${number}.` : '');
      if (number) element.setAttribute('aria-label', say('markdown.footnote', { number }));
      else element.removeAttribute('aria-label');
      element.lastElementChild?.toggleAttribute('hidden', !number);
    }
  }

  /** Whether these are others than at the last time. @param {Element[]} elements */
  #hasChanged(elements) {
    const counted = this.#counted;
    const isSame = (/** @type {Element} */ element, /** @type {number} */ i) =>
      counted[i][0] === element && counted[i][1] === keyOf(element);
    if (elements.length === counted.length && elements.every(isSame)) return false;
    this.#counted = elements.map((element) => [element, keyOf(element)]);
    return true;
  }

  /** @param {Element} target */
  #clicked(target) {
    const reference = target.closest('.noteref');
    if (reference) this.#from.set(keyOf(reference), reference);
    const note = target.closest('.note-back')?.closest('.footnote');
    const to = reference
      ? this.#find(this.#notes, keyOf(reference))
      : note && (this.#known(keyOf(note)) ?? this.#find(this.#references, keyOf(note)));
    const button = /** @type {HTMLElement | null | undefined} */ (
      reference ? to?.lastElementChild : to
    );
    to?.scrollIntoView?.({ block: 'center' });
    button?.focus({ preventScroll: true });
  }

  /** @param {string} key */
  #known(key) {
    const from = this.#from.get(key);
    return from && this.#root.contains(from) ? from : undefined;
  }

  /** @param {HTMLCollectionOf<Element>} elements @param {string} key */
  #find(elements, key) {
    return Array.from(elements).find((element) => keyOf(element) === key);
  }
}

/** @param {HTMLCollectionOf<Element>} elements */
const first = (elements) => Array.prototype.slice.call(elements, 0, MOST);

/** @param {Element} element */
const keyOf = (element) => element.getAttribute('data-note') ?? '';

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
