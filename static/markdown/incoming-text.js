// The text that has arrived and is not drawn yet, with its line ends made equal; it is taken in slices.

import { endOfLine } from './growing-text.js';

const FEW_LINES = 50;

export class IncomingText {
  #pending = '';
  #carriageReturn = ''; // after the last character the newline may still arrive
  #ended = false;

  get isEmpty() {
    return !this.#pending;
  }

  /** No more text arrives, and all of it has been taken. */
  get isOver() {
    return this.#ended && this.isEmpty;
  }

  /** @param {string} text */
  append(text) {
    const whole = this.#carriageReturn + text;
    this.#carriageReturn = whole.endsWith('\r') ? '\r' : '';
    this.#arrive(whole.slice(0, whole.length - this.#carriageReturn.length));
  }

  end() {
    this.#ended = true;
    this.#arrive(this.#carriageReturn);
    this.#carriageReturn = '';
  }

  /** Take about this many characters, whole lines where possible; `few`: not many lines. @param {number} characters @param {boolean} few */
  take(characters, few) {
    const text = this.#pending;
    const lines = few ? endOfLine(text.slice(0, characters), FEW_LINES) : 0;
    const end = lines || endWithin(text, characters);
    this.#pending = text.slice(end);
    return text.slice(0, end);
  }

  /** @param {string} text */
  #arrive(text) {
    this.#pending += text.replace(/\r\n?/g, '\n');
  }
}

/** The end of the last whole line within so many characters; without one, that many. @param {string} text @param {number} characters */
function endWithin(text, characters) {
  if (text.length <= characters) return characters;
  return text.lastIndexOf('\n', characters - 1) + 1 || characters;
}
