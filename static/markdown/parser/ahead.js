// Whether a block that an extension would open is closed before its containers end: without an end its first line is
// text, and what follows is Markdown as ever.

import { CONTAINERS } from './containers.js';
import { goOn } from './continuations.js';
import { Line } from './line.js';

/** @import { BlockNode, BlockRule } from '../../types.js' */

export class Ahead {
  #source;
  #goesOn;
  #isEnd;
  /** Where the closing text is next, and in which container there is none before where. @type {Map<string, any>} */
  #known = new Map();

  /** @param {string} source @param {{ goesOn?: boolean, isEnd?: boolean }} options whether more of it follows, or it ends here */
  constructor(source, { goesOn = false, isEnd = false }) {
    this.#source = source;
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
    if (this.#next(close, at) >= far && !this.#isUndecided(far)) return false;
    const key = `${close} ${rule.endsBlank}`;
    const none = this.#known.get(key);
    if (none?.container === container && at < none.until) return false;
    const { closed, isIn, end, hasBlank } = this.#walk(rule, at, far, chainOf(container));
    if (closed || (isIn && this.#isUndecided(end, hasBlank))) return true;
    if (!isIn && closed === undefined) this.#known.set(key, { container, until: end });
    return false;
  }

  /** Whether the search has ended with the source, which goes on or was cut off. @param {number} end */
  #isUndecided(end, hasBlank = false) {
    return end >= this.#source.length && (this.#goesOn || (this.#isEnd && !hasBlank));
  }

  /** Where this text comes next. @param {string} text @param {number} from */
  #next(text, from) {
    const last = this.#known.get(text) ?? -1;
    if (last >= from) return last;
    const found = this.#source.indexOf(text, from);
    const at = found < 0 ? Infinity : found;
    this.#known.set(text, at);
    return at;
  }

  /**
   * Go through the lines after the one at `at`: whether one closes the block (undefined where none mentions its end),
   * and whether its containers have gone on so far, with lines that may stand in it.
   * @param {NonNullable<ReturnType<BlockRule>>} rule @param {number} at @param {number} far @param {BlockNode[]} chain
   */
  #walk({ closes, refuses, close = '', endsBlank }, at, far, chain) {
    let closed;
    let [hasBlank, isAfterBlank] = [false, false];
    for (let start = this.#lineAfter(at); ; start = this.#lineAfter(start)) {
      if (start >= far) return { closed, isIn: true, end: start, hasBlank };
      const line = new Line(this.#source.slice(start, this.#lineAfter(start)).replace(/\n$/, ''));
      const isIn = chain.every((node) => isItemAtBlank(node, line) || goOn(node, line) === true);
      if (!isIn || (endsBlank && line.isBlank) || refuses?.(line.words, isAfterBlank))
        return { closed, isIn: false, end: start, hasBlank };
      if (closes(line.words)) return { closed: true, isIn, end: start, hasBlank };
      if (line.words.includes(close)) closed = false;
      isAfterBlank = line.isBlank;
      hasBlank ||= isAfterBlank;
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
