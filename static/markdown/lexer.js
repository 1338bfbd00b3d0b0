// Markdown as tokens, and where a growing text can be cut: the text before a cut is final, the text after it can be
// lexed alone.

import { parseBlocks } from './parser/blocks.js';
import { keyOf } from './parser/labels.js';
import { tokensOf } from './parser/tokens.js';
import { withoutUndecidedLine } from './parser/undecided-lines.js';

/** @import { Links, Lexed } from '../types.js' */

/**
 * The text's tokens, its definitions, and the cut; `links` are those before it, and of a label the first one holds.
 * `isOpen`: more of the text follows, and what that may change is left out.
 * `goesOn`: more follows, but whole lines are taken at their word. `isEnd`: it is the end of an answer.
 * @param {string} text @param {Links} [links] @param {{ isOpen?: boolean, goesOn?: boolean, isEnd?: boolean }} [options] @returns {Lexed}
 */
export function lex(
  text,
  links = Object.create(null),
  { isOpen = false, goesOn = isOpen, isEnd = false } = {},
) {
  const shown = isOpen ? withoutUndecidedLine(text) : text;
  const parser = parseBlocks(shown, { goesOn, isEnd });
  const all = Object.assign(Object.create(null), parser.links, links);
  const own = Object.create(null);
  for (const key in parser.links) if (!(key in links)) own[key] = parser.links[key];
  const tokens = tokensOf(parser, shown, all, isOpen);
  if (shown !== text && tokens.length) tokens[tokens.length - 1].held = true;
  return { tokens, links: own, cut: parser.cut };
}

/** What is escaped, which begins no label, or a label. */
const LABELS = /\\[^]|\[((?:\\[^]|[^\\[\]])+)\]/g;

/** The keys of all labels that a text may mention or define. @param {string} text @returns {Set<string>} */
export function labelsIn(text) {
  const found = text.includes('[') ? [...text.matchAll(LABELS)] : [];
  return new Set(found.flatMap(([, label]) => (label ? keyOf(unwrapped(label)) : [])));
}

/** A label may go on in the next line of a quotation; in a table `\|` stands for `|`. @param {string} label */
const unwrapped = (label) => label.replace(/\n[ \t>]*/g, ' ').replaceAll('\\|', '|');
