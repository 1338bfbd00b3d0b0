// The text of a block as tokens, in one pass from left to right: what begins at a special character is taken whole, or
// the character is text. Brackets and emphasis are paired as the appendix of the CommonMark specification describes it.

import { CodeSpans } from './code-spans.js';
import { paired } from './delimiters.js';
import { take } from './marks.js';
import { Next } from './next.js';
import { inlineRules } from './rules.js';
import { withElements } from './tags.js';

/** @import { Bracket, Links, Part, Token } from '../../types.js' */

/**
 * @param {string} text @param {Links} links @param {{ isOpen?: boolean }} [options] `isOpen`: more of the text follows
 */
export function parseInline(text, links, { isOpen = false } = {}) {
  const first = new InlineParser(text, links, isOpen);
  const tokens = first.parse();
  if (!first.hasHiddenAddress) return { tokens, parser: first };
  // In brackets that turned out to be text an address is one, and a bracket in it belongs to it.
  const second = new InlineParser(text, links, isOpen, first);
  return { tokens: second.parse(), parser: second };
}

export class InlineParser {
  /** @type {Part[]} */
  parts = [];
  /** @type {Bracket[]} */
  brackets = [];
  /** Of the brackets those below this number are in a link, or before one. */
  inactive = 0;
  /** The earliest place from which on the text may still change its meaning. */
  heldAt = Infinity;
  /** Where a bracket is nothing but text. @type {Set<number>} */
  plain = new Set();
  /** Where the target of a link that may not be opened ends, by the bracket before it. @type {Map<number, number>} */
  written = new Map();
  hasHiddenAddress = false;
  /** Marks that are known not to follow. @type {Map<string, number>} */
  missing = new Map();
  isPlain;
  isWritten;
  codeSpans;
  next;
  firstMark = '';

  /** @param {string} text @param {Links} links @param {boolean} isOpen @param {{ plain: Set<number>, written: Map<number, number> }} [before] brackets that are known to be text */
  constructor(text, links, isOpen, { plain, written } = { plain: new Set(), written: new Map() }) {
    this.text = text;
    this.links = links;
    this.isOpen = isOpen;
    this.isPlain = plain;
    this.isWritten = written;
    this.codeSpans = new CodeSpans(text);
    this.next = new Next(text);
  }

  /** @returns {Token[]} */
  parse() {
    const { text } = this;
    const special = specialCharacters();
    for (let at = 0; at < text.length;) {
      special.lastIndex = at;
      const found = special.exec(text);
      const end = found ? found.index : text.length;
      if (end > at) this.add(text.slice(at, end));
      at = found ? this.#takeAt(end) : end;
    }
    for (const bracket of this.brackets) {
      this.leavePlain(bracket);
      this.hold(bracket.at);
    }
    return this.finish(0, this.firstMark === '~');
  }

  /** The parts from this one on as tokens; they leave. @param {number} from @param {boolean} deletionsFirst @returns {Token[]} */
  finish(from, deletionsFirst) {
    return this.#tokens(paired(this.parts.splice(from), deletionsFirst));
  }

  /** Add text. @param {string} text */
  add(text) {
    const last = this.parts.at(-1);
    if (last?.type === 'text') last.text += text;
    else this.parts.push({ type: 'text', text });
  }

  /** More text may change what begins here. @param {number} at */
  hold(at) {
    if (at < this.heldAt && this.isOpen) this.heldAt = at;
  }

  /** This bracket is text. @param {Bracket} bracket */
  leavePlain({ at, end }) {
    return this.plain.add(at).add(end - 1);
  }

  /** Take what begins here; returns where it ends. @param {number} at @returns {number} */
  #takeAt(at) {
    const { text } = this;
    for (const rule of inlineRules.get(text[at]) ?? []) {
      const found = rule(text, at, { open: this.isOpen, next: this.next });
      if (typeof found === 'symbol')
        this.hold(at); // HELD
      else if (found) {
        this.parts.push(found);
        return found.end;
      }
    }
    const end = take(this, at);
    if (end) return end;
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    this.add(character);
    return at + character.length;
  }

  /** @param {Part[]} parts @returns {Token[]} */
  #tokens(parts) {
    const tokens = [];
    for (const part of parts) {
      if (part.type === 'delimiter') {
        if (part.canOpen) this.hold(part.at);
        tokens.push({ type: 'text', text: part.mark.repeat(part.length) });
      } else if (part.type === 'plain') tokens.push({ type: 'text', text: part.text });
      else tokens.push(part.isPair ? { ...part, tokens: this.#tokens(part.tokens) } : part);
    }
    const elements = withElements(tokens);
    for (const { type, at } of elements) if (type === 'html') this.hold(at);
    return elements;
  }
}

/** Where something may begin: an address of the web or of mail, or a mark. */
const SPECIAL = '(?<![\\w.+\\-/])[\\w.+-]+@[\\w-]|(?<![a-z])https?://|www\\.|[\\n\\\\`*_~[\\]!&<';
let special = { size: -1, pattern: /$/g };

function specialCharacters() {
  if (special.size !== inlineRules.size) {
    const others = [...inlineRules.keys()].map(
      (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
    );
    // eslint-disable-next-line security/detect-non-literal-regexp -- of constants and escaped characters
    const pattern = new RegExp(`${SPECIAL}${others.join('')}]`, 'giu');
    special = { size: inlineRules.size, pattern };
  }
  return special.pattern;
}
