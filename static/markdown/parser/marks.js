// What begins at a special character of a text: each rule adds what it finds to the parser's parts and returns where
// that ends, or 0 where the character is text.

import { decodeEntities } from '../entities.js';
import { scanAddress, scanMail } from './addresses.js';
import { closeBracket } from './brackets.js';
import { flanks } from './characters.js';
import { scanFootnoteLabel } from './labels.js';
import { endOfTag } from './tags.js';

/** @import { InlineParser } from './inline.js' */

const ESCAPABLE = /[!-/:-@[-`{-~]/;
const ENTITY = /&(?:#(?:\d{1,7}|x[\da-f]{1,6})|[a-z][a-z\d]{1,31});/iy;
const AUTOLINK = /<([a-z][a-z0-9+.-]{1,31}:[^\s\x00-\x1f\x7f<>]*)>/iy;
const MAIL_LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const MAIL = new RegExp(`<([\\w.!#$%&'*+/=?^\`{|}~-]+@${MAIL_LABEL}(?:\\.${MAIL_LABEL})*)>`, 'iy');

/** @param {InlineParser} parser @param {number} at @returns {number} */
export const take = (parser, at) => address(parser, at) || mark(parser, at);

/** @param {InlineParser} parser @param {number} at @returns {number} */
function mark(parser, at) {
  switch (parser.text[at]) {
    case '\n':
      return newline(parser, at, false);
    case '\\':
      return escape(parser, at);
    case '`':
      return code(parser, at);
    case '*':
    case '_':
    case '~':
      return delimiter(parser, at);
    case '&':
      return entity(parser, at);
    case '<':
      return pointed(parser, at);
    case '!':
      return image(parser, at);
    case '[':
      return footnote(parser, at) || bracket(parser, at, false);
    case ']':
      return parser.isPlain.has(at) ? writtenTarget(parser, at) : closeBracket(parser, at);
    default:
      return 0;
  }
}

/** @param {InlineParser} parser @param {number} at */
function writtenTarget(parser, at) {
  const end = parser.isWritten.get(at) ?? 0;
  if (end) parser.add(parser.text.slice(at, end));
  return end;
}

/** @param {InlineParser} parser @param {number} at @param {boolean} isHard */
function newline(parser, at, isHard) {
  const last = parser.parts.at(-1);
  if (last?.type === 'text' && !isHard) {
    let start = at;
    while (isSpaceOrTab(parser.text[start - 1])) start--;
    const spaces = parser.text.slice(start, at);
    isHard = spaces.length > 1 && !spaces.includes('\t');
    if (spaces) last.text = last.text.slice(0, -spaces.length);
  }
  if (isHard) parser.parts.push({ type: 'br' });
  else parser.add('\n');
  return at + 1;
}

/** @param {string} character */
const isSpaceOrTab = (character) => character === ' ' || character === '\t';

/** @param {InlineParser} parser @param {number} at */
function escape(parser, at) {
  const next = parser.text[at + 1] ?? '';
  if (next === '\n') return newline(parser, at + 1, true);
  if (!ESCAPABLE.test(next)) return 0;
  parser.add(next);
  return at + 2;
}

/** @param {InlineParser} parser @param {number} at */
function code(parser, at) {
  const { length, end } = parser.codeSpans.at(at);
  if (!end) {
    parser.hold(at);
    parser.add('`'.repeat(length));
    return at + length;
  }
  let code = parser.text.slice(at + length, end - length).replaceAll('\n', ' ');
  if (code.startsWith(' ') && code.endsWith(' ') && /[^ ]/.test(code)) code = code.slice(1, -1);
  parser.parts.push({ type: 'codespan', text: code });
  return end;
}

/** @param {InlineParser} parser @param {number} at */
function delimiter(parser, at) {
  const { text } = parser;
  const mark = text[at];
  let end = at;
  while (text[end] === mark) end++;
  const length = end - at;
  const { canOpen, canClose, spaceOrMarkBefore, spaceOrMarkAfter } = flanks(text, at, end);
  if (mark === '~' && length !== 2) {
    parser.add(text.slice(at, end));
    return end;
  }
  parser.firstMark ||= mark;
  const isWord = mark === '_'; // it does nothing within a word
  parser.parts.push({
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

/** @param {InlineParser} parser @param {number} at */
function entity(parser, at) {
  ENTITY.lastIndex = at;
  const [entity] = ENTITY.exec(parser.text) ?? [];
  if (!entity) return 0;
  parser.add(decodeEntities(entity));
  return at + entity.length;
}

/** @param {InlineParser} parser An address or a tag. @param {number} at */
function pointed(parser, at) {
  const { text } = parser;
  for (const [pattern, scheme] of /** @type {[RegExp, string][]} */ ([
    [AUTOLINK, ''],
    [MAIL, 'mailto:'],
  ])) {
    pattern.lastIndex = at;
    const [whole, address] = pattern.exec(text) ?? [];
    if (!whole) continue;
    parser.parts.push({
      type: 'link',
      href: scheme + address,
      autolink: true,
      text: address,
      raw: whole,
    });
    return at + whole.length;
  }
  const end = endOfTag(text, at, parser.missing);
  if (!end) return 0;
  parser.parts.push({ type: 'html', text: text.slice(at, end), at });
  return end;
}

/** @param {InlineParser} parser @param {number} at */
function image(parser, at) {
  const label = scanFootnoteLabel(parser.text, at + 1);
  const isNote = label && parser.links[label.key]?.footnote && parser.text[label.end] !== '(';
  return parser.text[at + 1] === '[' && !isNote ? bracket(parser, at, true) : 0;
}

/** @param {InlineParser} parser @param {number} at @param {boolean} isImage */
function bracket(parser, at, isImage) {
  if (parser.isPlain.has(at)) return 0;
  const end = at + (isImage ? 2 : 1);
  const opening = parser.text.slice(at, end);
  parser.inactive = Math.min(parser.inactive, parser.brackets.length);
  parser.brackets.push({ at, end, isImage, part: parser.parts.length });
  parser.parts.push({ type: 'plain', text: opening });
  return end;
}

/** @param {InlineParser} parser @param {number} at */
function footnote(parser, at) {
  const label = scanFootnoteLabel(parser.text, at);
  if (!label || !parser.links[label.key]?.footnote) return 0;
  parser.parts.push({
    type: 'footnote_ref',
    key: label.key,
    label: label.text,
    raw: parser.text.slice(at, label.end),
  });
  return label.end;
}

/** @param {InlineParser} parser @param {number} at */
function address(parser, at) {
  const { text } = parser;
  const found = /[\w+.-]/.test(text[at]) && (mail(parser, at) || scanAddress(text, at));
  if (!found) return 0;
  if (parser.brackets.length) {
    parser.hasHiddenAddress = true;
    return 0;
  }
  const address = text.slice(at, found.end);
  parser.parts.push({
    type: 'link',
    href: found.href,
    autolink: true,
    isBare: true,
    text: address,
    raw: address,
  });
  return found.end;
}

/** @param {InlineParser} parser @param {number} at */
function mail(parser, at) {
  return /[\w+./-]/.test(parser.text[at - 1] ?? ' ') ? undefined : scanMail(parser.text, at);
}
