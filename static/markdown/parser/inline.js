// The text of a block as tokens, in one pass from left to right: what begins at a special character is taken whole, or
// the character is text. Brackets and emphasis are paired as the appendix of the CommonMark specification describes it.

import { decodeEntities } from '../entities.js';
import { scanAddress, scanMail } from './addresses.js';
import { closeBracket } from './brackets.js';
import { flanks } from './characters.js';
import { CodeSpans } from './code-spans.js';
import { paired } from './delimiters.js';
import { scanFootnoteLabel } from './labels.js';
import { inlineRules } from './rules.js';
import { endOfTag, withElements } from './tags.js';

/** @import { Bracket, Links, Part, Token } from '../../types.js' */

const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ENTITY = /&(?:#(?:\d{1,7}|x[\da-f]{1,6})|[a-z][a-z\d]{1,31});/iy;
const AUTOLINK = /<([a-z][a-z0-9+.-]{1,31}:[^\s\x00-\x1f\x7f<>]*)>/iy;
const MAIL_LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
// eslint-disable-next-line security/detect-non-literal-regexp -- of constants
const MAIL = new RegExp(`<([\\w.!#$%&'*+/=?^\`{|}~-]+@${MAIL_LABEL}(?:\\.${MAIL_LABEL})*)>`, 'iy');

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
  #isPlain;
  #isWritten;
  #codeSpans;
  #firstMark = '';

  /** @param {string} text @param {Links} links @param {boolean} isOpen @param {{ plain: Set<number>, written: Map<number, number> }} [before] brackets that are known to be text */
  constructor(text, links, isOpen, { plain, written } = { plain: new Set(), written: new Map() }) {
    this.text = text;
    this.links = links;
    this.isOpen = isOpen;
    this.#isPlain = plain;
    this.#isWritten = written;
    this.#codeSpans = new CodeSpans(text);
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
      at = found ? this.#take(end) : end;
    }
    for (const bracket of this.brackets) {
      this.leavePlain(bracket);
      this.hold(bracket.at);
    }
    return this.finish(0, this.#firstMark === '~');
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
  #take(at) {
    const { text } = this;
    for (const rule of inlineRules.get(text[at]) ?? []) {
      const found = rule(text, at, { open: this.isOpen });
      if (typeof found === 'symbol')
        this.hold(at); // HELD
      else if (found) {
        this.parts.push(found);
        return found.end;
      }
    }
    const end = this.#address(at) || this.#mark(at);
    if (end) return end;
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    this.add(character);
    return at + character.length;
  }

  /** @param {number} at */
  #mark(at) {
    switch (this.text[at]) {
      case '\n':
        return this.#newline(at, false);
      case '\\':
        return this.#escape(at);
      case '`':
        return this.#code(at);
      case '*':
      case '_':
      case '~':
        return this.#delimiter(at);
      case '&':
        return this.#entity(at);
      case '<':
        return this.#pointed(at);
      case '!':
        return this.#image(at);
      case '[':
        return this.#footnote(at) || this.#bracket(at, false);
      case ']':
        return this.#isPlain.has(at) ? this.#writtenTarget(at) : closeBracket(this, at);
      default:
        return 0;
    }
  }

  /** @param {number} at */
  #writtenTarget(at) {
    const end = this.#isWritten.get(at) ?? 0;
    if (end) this.add(this.text.slice(at, end));
    return end;
  }

  /** @param {number} at @param {boolean} isHard */
  #newline(at, isHard) {
    const last = this.parts.at(-1);
    if (last?.type === 'text' && !isHard) {
      const [spaces] = /[ \t]*$/.exec(last.text.slice(-1000)) ?? [''];
      isHard = spaces.length > 1 && !spaces.includes('\t');
      last.text = last.text.slice(0, last.text.length - spaces.length);
    }
    if (isHard) this.parts.push({ type: 'br' });
    else this.add('\n');
    return at + 1;
  }

  /** @param {number} at */
  #escape(at) {
    const next = this.text[at + 1] ?? '';
    if (next === '\n') return this.#newline(at + 1, true);
    if (!ESCAPABLE.test(next)) return 0;
    this.add(next);
    return at + 2;
  }

  /** @param {number} at */
  #code(at) {
    const { length, end } = this.#codeSpans.at(at);
    if (!end) {
      this.hold(at);
      this.add('`'.repeat(length));
      return at + length;
    }
    let code = this.text.slice(at + length, end - length).replaceAll('\n', ' ');
    if (code.startsWith(' ') && code.endsWith(' ') && code.trim()) code = code.slice(1, -1);
    this.parts.push({ type: 'codespan', text: code });
    return end;
  }

  /** @param {number} at */
  #delimiter(at) {
    const { text } = this;
    const mark = text[at];
    let end = at;
    while (text[end] === mark) end++;
    const length = end - at;
    const { canOpen, canClose, spaceOrMarkBefore, spaceOrMarkAfter } = flanks(text, at, end);
    if (mark === '~' && length !== 2) {
      this.add(text.slice(at, end));
      return end;
    }
    this.#firstMark ||= mark;
    const isWord = mark === '_'; // it does nothing within a word
    this.parts.push({
      type: 'delimiter',
      mark,
      at,
      length,
      whole: length,
      canOpen: canOpen && (!isWord || spaceOrMarkBefore || !canClose),
      canClose: canClose && (!isWord || spaceOrMarkAfter || !canOpen),
    });
    return end;
  }

  /** @param {number} at */
  #entity(at) {
    ENTITY.lastIndex = at;
    const [entity] = ENTITY.exec(this.text) ?? [];
    if (!entity) return 0;
    this.add(decodeEntities(entity));
    return at + entity.length;
  }

  /** An address or a tag. @param {number} at */
  #pointed(at) {
    const { text } = this;
    for (const [pattern, scheme] of /** @type {[RegExp, string][]} */ ([
      [AUTOLINK, ''],
      [MAIL, 'mailto:'],
    ])) {
      pattern.lastIndex = at;
      const [whole, address] = pattern.exec(text) ?? [];
      if (!whole) continue;
      this.parts.push({
        type: 'link',
        href: scheme + address,
        autolink: true,
        text: address,
        raw: whole,
      });
      return at + whole.length;
    }
    const end = endOfTag(text, at, this.missing);
    if (!end) return 0;
    this.parts.push({ type: 'html', text: text.slice(at, end), at });
    return end;
  }

  /** @param {number} at */
  #image(at) {
    const label = scanFootnoteLabel(this.text, at + 1);
    const isNote = label && this.links[label.key]?.footnote && this.text[label.end] !== '(';
    return this.text[at + 1] === '[' && !isNote ? this.#bracket(at, true) : 0;
  }

  /** @param {number} at @param {boolean} isImage */
  #bracket(at, isImage) {
    if (this.#isPlain.has(at)) return 0;
    const end = at + (isImage ? 2 : 1);
    const opening = this.text.slice(at, end);
    this.inactive = Math.min(this.inactive, this.brackets.length);
    this.brackets.push({ at, end, isImage, part: this.parts.length });
    this.parts.push({ type: 'plain', text: opening });
    return end;
  }

  /** @param {number} at */
  #footnote(at) {
    const label = scanFootnoteLabel(this.text, at);
    if (!label || !this.links[label.key]?.footnote) return 0;
    this.parts.push({
      type: 'footnote_ref',
      key: label.key,
      label: label.text,
      raw: this.text.slice(at, label.end),
    });
    return label.end;
  }

  /** @param {number} at */
  #address(at) {
    const { text } = this;
    const found = /[\w+.-]/.test(text[at]) && (this.#mail(at) || scanAddress(text, at));
    if (!found) return 0;
    if (this.brackets.length) {
      this.hasHiddenAddress = true;
      return 0;
    }
    const address = text.slice(at, found.end);
    this.parts.push({
      type: 'link',
      href: found.href,
      autolink: true,
      isBare: true,
      text: address,
      raw: address,
    });
    return found.end;
  }

  /** @param {number} at */
  #mail(at) {
    return /[\w+./-]/.test(this.text[at - 1] ?? ' ') ? undefined : scanMail(this.text, at);
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
