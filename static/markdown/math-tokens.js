// Mathematics among marked's tokens: what is a formula is taken before any other rule can read it.

import { displayAt, displayWithin } from './math-lines.js';
import { formulasIn, mayHoldFormulas } from './math-rules.js';

/** @import { Formula, Token } from '../types.js' */

/** How many characters may be searched for displays below the first line of a paragraph, in one lexing. */
const MOST_FOR_DISPLAYS = 500_000;

export class MathTokens {
  #mayHold;
  #searched = 0;
  /** The inline texts that are being lexed, one within the other. @type {{ length: number, formulas: Formula[] }[]} */
  #texts = [];

  /** @param {string} text what will be lexed */
  constructor(text) {
    this.#mayHold = mayHoldFormulas(text);
  }

  /** marked's options. */
  get options() {
    return {
      extensions: /** @type {any} */ ({
        block: [(/** @type {string} */ src) => this.#block(src)],
        startBlock: [(/** @type {string} */ src) => this.#nextBlock(src)],
        inline: [(/** @type {string} */ src) => this.#inline(src)],
        startInline: [(/** @type {string} */ src) => this.#nextInline(src)],
      }),
      hooks: /** @type {any} */ ({
        emStrongMask: (/** @type {string} */ text) => this.#mask(text),
      }),
    };
  }

  /** Lex an inline text. @template T @param {string} text @param {() => T} lex @returns {T} */
  within(text, lex) {
    if (!this.#mayHold) return lex();
    this.#texts.push({ length: text.length, formulas: formulasIn(text) });
    try {
      return lex();
    } finally {
      this.#texts.pop();
    }
  }

  /** What of a text may be one heading: a display ends it. @param {string} text */
  beforeDisplay(text) {
    const at = this.#mayHold ? this.#search(text) : -1;
    return at < 0 ? text : text.slice(0, at);
  }

  /** @param {string} src @returns {Token | undefined} */
  #block(src) {
    const display = this.#mayHold ? displayAt(src.slice(0, 5000)) : undefined;
    return display && { type: 'math', ...display };
  }

  /** @param {string} src a text without its first character */
  #nextBlock(src) {
    return this.#mayHold ? this.#search(src) : -1;
  }

  /** @param {string} text */
  #search(text) {
    if (this.#searched > MOST_FOR_DISPLAYS) return -1;
    const at = displayWithin(text);
    this.#searched += at < 0 ? text.length : at;
    return at;
  }

  /** @param {string} src @returns {Token | undefined} */
  #inline(src) {
    const { length = 0, formulas = [] } = this.#texts.at(-1) ?? {};
    const at = length - src.length;
    const formula = formulas.find(({ start }) => start === at);
    return formula && { type: 'math', raw: formula.source, ...formula };
  }

  /** @param {string} src a text without its first character */
  #nextInline(src) {
    const { length = 0, formulas = [] } = this.#texts.at(-1) ?? {};
    const at = length - src.length;
    return (formulas.find(({ start }) => start >= at)?.start ?? at - 1) - at;
  }

  /** Marks of emphasis in a formula are none. @param {string} masked the text, some of it hidden already */
  #mask(masked) {
    const { formulas = [] } = this.#texts.at(-1) ?? {};
    return formulas.reduce(
      (text, { start, end }) => text.slice(0, start) + 'a'.repeat(end - start) + text.slice(end),
      masked,
    );
  }
}
