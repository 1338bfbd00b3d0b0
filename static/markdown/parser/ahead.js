// Whether a block that an extension would open is closed before its containers end: without an end its first line is
// text, and what follows is Markdown as ever.

import { CONTAINERS } from './containers.js';
import { goOn } from './continuations.js';
import { Line } from './line.js';
import { Next } from './next.js';

/** @import { BlockNode, BlockRule } from '../../types.js' */

export class Ahead {
  #source;
  #goesOn;
  #isEnd;
  #next;
  /** By the closing text: in which container there is none before where. @type {Map<string, { holder: BlockNode | undefined, until: number }>} */
  #none = new Map();

  /** @param {string} source @param {{ goesOn?: boolean, isEnd?: boolean }} options whether more of it follows, or it ends here */
  constructor(source, { goesOn = false, isEnd = false }) {
    this.#source = source;
    this.#next = new Next(source);
    this.#goesOn = goesOn;
    this.#isEnd = isEnd;
  }

  /**
   * Whether what begins with the line at this place is closed in the container, or may yet be, or the answer was cut
   * off in its midst.
   * @param {NonNullable<ReturnType<BlockRule>>} rule @param {number} at @param {BlockNode} container
   */
  closes(rule, at, container) {
    const { close = '', reach = 0 } = rule;
    const far = Math.min(this.#source.length, at + reach);
    if (this.#next.of(close, at) >= far && !this.#isUndecided(far)) return false;
    const key = `${close} ${rule.endsBlank}`;
    const chain = chainOf(container);
    const holder = chain.at(-1);
    const none = this.#none.get(key);
    if (none && none.holder === holder && at < none.until) return false;
    const { closed, isIn, end, lastBlank } = this.#walk(rule, at, far, chain);
    if (closed || (isIn && this.#isUndecided(end, lastBlank > 0))) return true;
    // What begins before that place ends there, too, or has that blank line in it.
    const until = isIn && end >= this.#source.length ? lastBlank : isIn ? 0 : end;
    if (closed === undefined && until) this.#none.set(key, { holder, until });
    return false;
  }

  /** Whether the search has ended with the source, which goes on or was cut off. @param {number} end */
  #isUndecided(end, hasBlank = false) {
    return end >= this.#source.length && (this.#goesOn || (this.#isEnd && !hasBlank));
  }

  /**
   * Go through the lines after the one at `at`: whether one closes the block (undefined where none mentions its end),
   * whether its containers have gone on so far, with lines that may stand in it, and where its last blank line is, or 0.
   * @param {NonNullable<ReturnType<BlockRule>>} rule @param {number} at @param {number} far @param {BlockNode[]} chain
   */
  #walk({ closes, refuses, close = '', endsBlank }, at, far, chain) {
    let closed;
    let [lastBlank, isAfterBlank] = [0, false];
    for (let start = this.#lineAfter(at); ; start = this.#lineAfter(start)) {
      if (start >= far) return { closed, isIn: true, end: start, lastBlank };
      const line = new Line(this.#source.slice(start, this.#lineAfter(start)).replace(/\n$/, ''));
      const isIn = chain.every((node) => isItemAtBlank(node, line) || goOn(node, line) === true);
      if (!isIn || (endsBlank && line.isBlank) || refuses?.(line.words, isAfterBlank))
        return { closed, isIn: false, end: start, lastBlank };
      const isLast = closes(line.words);
      if (isLast === undefined) return { closed: false, isIn: false, end: start, lastBlank };
      if (isLast) return { closed: true, isIn, end: start, lastBlank };
      if (line.words.includes(close)) closed = false;
      isAfterBlank = line.isBlank;
      if (isAfterBlank) lastBlank = start;
    }
  }

  /** @param {number} at */
  #lineAfter(at) {
    return this.#source.indexOf('\n', at) + 1 || this.#source.length;
  }
}

/** The item that would hold the block goes on, though it is empty as yet. @param {BlockNode} node @param {Line} line */
const isItemAtBlank = ({ type }, line) => type === 'list_item' && line.isBlank;

/** The containers of a block, the outermost first. @param {BlockNode | undefined} node @returns {BlockNode[]} */
function chainOf(node) {
  const chain = [];
  for (; node?.parent; node = node.parent) if (CONTAINERS.has(node.type)) chain.unshift(node);
  return chain;
}
