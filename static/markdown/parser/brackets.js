// What a closing bracket makes of the text before it: a link, an image, or text.

import { safeUrl } from '../links.js';
import { keyOf, scanLabel } from './labels.js';
import { scanDestination, scanTitle, unescape } from './link-parts.js';

/** @import { Bracket } from '../../types.js' */
/** @import { InlineParser } from './inline.js' */

const DEEPEST = 32;

/** Close the last bracket; returns where what it made ends. @param {InlineParser} parser @param {number} at @returns {number} */
export function closeBracket(parser, at) {
  const bracket = parser.brackets.pop();
  if (!bracket) {
    parser.plain.add(at);
    return 0;
  }
  const isInactive = parser.brackets.length < parser.inactive && !bracket.isImage;
  const target = isInactive ? undefined : targetOf(parser, bracket, at);
  if (target?.href && safeUrl(target.href)) return link(parser, bracket, target);
  parser.leavePlain(bracket).add(at);
  if (target) parser.written.set(at, target.end);
  if (parser.isOpen && (!parser.text[at + 1] || (!target && isUnfinished(parser.text, at + 1))))
    parser.hold(bracket.at);
  parser.add(parser.text.slice(at, target?.end ?? at + 1)); // as it was written
  return target?.end ?? at + 1;
}

/** @param {InlineParser} parser @param {Bracket} bracket @param {{ href: string, title?: string | null, end: number }} target */
function link(parser, bracket, { href, title, end }) {
  const tokens = parser.finish(bracket.part, true).slice(1);
  parser.parts.push({ type: bracket.isImage ? 'image' : 'link', href, title, tokens });
  if (!bracket.isImage) parser.inactive = parser.brackets.length;
  return end;
}

/** Where the text before this bracket leads. @param {InlineParser} parser @param {Bracket} bracket @param {number} at */
function targetOf({ text, links, missing }, bracket, at) {
  const label = text.slice(bracket.end, at);
  const known = label.length < 1000 ? links[keyOf(label)] : undefined;
  const defined = known && !known.footnote ? known : undefined;
  const shortcut = defined && { ...defined, end: at + 1 };
  if (text[at + 1] === '(') return resource(text, at + 1, missing) ?? shortcut;
  if (text[at + 1] !== '[') return shortcut;
  const full = scanLabel(text, at + 1);
  const other = full && links[full.key];
  if (full && other && !other.footnote) return { ...other, end: full.end };
  return shortcut && text[at + 2] === ']' ? { ...shortcut, end: at + 3 } : undefined;
}

/** `(destination "title")` @param {string} text @param {number} at @param {Map<string, number>} missing */
function resource(text, at, missing) {
  let i = skipSpace(text, at + 1);
  if (text[i] === ')') return { href: '', end: i + 1 };
  const destination = scanDestination(text, i, DEEPEST);
  if (!destination) return undefined;
  i = skipSpace(text, destination.end);
  const title = i > destination.end ? scanTitle(text, i, missing) : undefined;
  if (title) i = skipSpace(text, title.end);
  if (text[i] !== ')') return undefined;
  return { href: unescape(destination.text), title: title && unescape(title.text), end: i + 1 };
}

/** @param {string} text @param {number} at */
function skipSpace(text, at) {
  while (' \t\n'.includes(text[at] ?? '.')) at++;
  return at;
}

/** Whether what follows a bracket may still become a target. @param {string} text @param {number} at */
function isUnfinished(text, at) {
  if (text[at] === '[') return !text.includes(']', at);
  if (text[at] !== '(') return text[at] === ':';
  // eslint-disable-next-line security/detect-unsafe-regex -- of 1,000 characters at most; its parts begin differently
  return /^\(\s*(?:<[^<>\n]*>?|[^\s<]*)(?:\s+(?:"[^"]*"?|'[^']*'?|\([^)]*\)?)?\s*)?$/.test(
    text.slice(at, at + 1000),
  );
}
