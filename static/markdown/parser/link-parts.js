// Where a link leads, and its title.

import { decodeEntities } from '../entities.js';

const ESCAPED = /\\([!-/:-@[-`{-~])|&[^\s;]{1,40};/g;

/** @param {string} text */
export const unescape = (text) =>
  text.includes('\\') || text.includes('&')
    ? text.replace(ESCAPED, (whole, character) => character ?? decodeEntities(whole))
    : text;

/**
 * The destination at `at`, and where it ends; parentheses may be nested so deep.
 * @param {string} text @param {number} at @param {number} deepest
 */
export function scanDestination(text, at, deepest) {
  return text[at] === '<' ? scanPointed(text, at) : scanPlain(text, at, deepest);
}

/** @param {string} text @param {number} at */
function scanPointed(text, at) {
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === '\n' || text[i] === '<') return undefined;
    if (text[i] === '>') return { text: text.slice(at + 1, i), end: i + 1 };
    if (text[i] === '\\' && '<>\\'.includes(text[i + 1] ?? ' ')) i++;
  }
  return undefined;
}

/** @param {string} text @param {number} at @param {number} deepest */
function scanPlain(text, at, deepest) {
  let depth = 0;
  let i = at;
  for (; i < text.length; i++) {
    const character = text[i];
    if (character === '\\' && '()\\'.includes(text[i + 1] ?? ' ')) i++;
    else if (character === '(' && ++depth > deepest) return undefined;
    else if (character === ')' && --depth < 0) break;
    else if (character <= ' ' || character === '\x7f') break;
  }
  return i > at && depth <= 0 ? { text: text.slice(at, i), end: i } : undefined;
}

/** The title at `at`, and where it ends. @param {string} text @param {number} at @param {Map<string, number>} [missing] marks that are known not to follow */
export function scanTitle(text, at, missing) {
  const mark = { '"': '"', "'": "'", '(': ')' }[text[at] ?? ''];
  if (!mark || missing?.has(mark)) return undefined;
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] === mark) return { text: text.slice(at + 1, i), end: i + 1 };
    if (text[i] === '\\' && (text[i + 1] === mark || text[i + 1] === '\\')) i++;
  }
  missing?.set(mark, at);
  return undefined;
}
