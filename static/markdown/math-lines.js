// Mathematics by lines: displays that stand on lines of their own, and from where on a growing text is held back.

import { FARTHEST, formulaAt, mayHoldFormulas, scan } from './math-rules.js';

/** @import { Formula } from '../types.js' */

const DISPLAY = /^ {0,3}(?=\$\$(?!\$)|\\\[|\\begin\{)/;
/** The end of a display: an optional mark, the end of the line. */
const END_OF_DISPLAY = /[ \t]*([.,;:!]?)[ \t]*(?:\n|$)/y;

/**
 * From where on a growing text is held back, its length for nowhere: a formula that has begun is neither prose nor
 * Markdown before its end arrives.
 * @param {string} text
 */
export function heldFrom(text) {
  if (!mayHoldFormulas(text)) return text.length;
  const display = openDisplayIn(text);
  if (display < text.length) return display;
  const start = Math.max(0, ...Array.from(text.matchAll(/\n[ \t>]*\n/g), endOfMatch));
  const part = text.slice(start);
  if (isInFence(text)) return text.length;
  const { open } = scan(part, true);
  const begun = /(?<![\\$])(?:\\[a-z]{0,5}|\\begin\{[a-z]*\*?|\$\$?)$/i.exec(part);
  return start + Math.min(open, begun && isBegun(begun[0]) ? begun.index : open);
}

/** @param {string} text */
function isInFence(text) {
  let open = '';
  for (const [, mark] of text.matchAll(/^[ \t>*+\-\d.)]*(`{3,}|~{3,})/gm)) {
    if (!open) open = mark;
    else if (mark.startsWith(open)) open = '';
  }
  return open !== '';
}

/** Where the last display begins that stands on lines of its own and may yet be closed; the text's length for none. @param {string} text */
export function openDisplayIn(text) {
  const opening = /^ {0,3}(?:\$\$(?!\$)|\\\[|\\begin\{\w+\*?\})[ \t]*$/gm;
  for (let found; (found = opening.exec(text));) {
    const display = displayAt(text.slice(found.index, found.index + 2 * FARTHEST));
    if (display) opening.lastIndex = found.index + display.raw.length;
    else if (text.length - found.index <= FARTHEST && !/^[ \t]*```/m.test(text.slice(found.index)))
      return found.index;
  }
  return text.length;
}

/** Where in its first paragraph, after the first line, a text has a display on lines of its own; -1 for nowhere. @param {string} text */
export function displayWithin(text) {
  for (let at = text.indexOf('\n') + 1; at; at = text.indexOf('\n', at) + 1) {
    if (/^[ \t]*(?:\n|$)/.test(text.slice(at, at + 200))) return -1;
    if (DISPLAY.test(text.slice(at, at + 12)) && displayAt(text.slice(at, at + 2 * FARTHEST)))
      return at;
  }
  return -1;
}

/** The display that a text of lines begins with. @param {string} text @returns {(Formula & { raw: string }) | undefined} */
export function displayAt(text) {
  const [indent] = DISPLAY.exec(text) ?? [];
  if (indent === undefined) return undefined;
  const found = formulaAt(text, indent.length);
  if (!found || 'open' in found) return undefined;
  const { content, source, end } = found;
  if (/^[ \t]*```/m.test(source)) return undefined;
  const isFenced = source.startsWith('\\begin') || /^..[ \t]*\n[^]*\n[ \t]*..$/.test(source);
  if (!isFenced && /\n[ \t]*\n/.test(source)) return undefined;
  END_OF_DISPLAY.lastIndex = end;
  const ending = END_OF_DISPLAY.exec(text);
  if (!ending) return undefined;
  const [mark, raw] = [ending[1], text.slice(0, END_OF_DISPLAY.lastIndex)];
  return { ...found, source: source + mark, content: content + mark, raw };
}

/** Whether the end of a text may be the beginning of a delimiter. @param {string} end */
const isBegun = (end) => end[0] === '$' || '\\begin{'.startsWith(end.slice(0, 7));

/** @param {RegExpExecArray} match */
const endOfMatch = ({ index, 0: { length } }) => index + length;
