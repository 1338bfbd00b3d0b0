// Mathematics in Markdown, as its parser asks for it: formulas in a text, and displays on lines of their own.

import { formulaBlock, inlineFormula, unfinishedFormula } from './formula.js';
import { inlines } from './inlines.js';
import { isForeign } from './math-content.js';
import { DEEPEST_ENVIRONMENT, environmentIn, FARTHEST_DISPLAY, formulaAt } from './math-rules.js';
import { parseInline } from './parser/inline.js';
import { HELD } from './parser/rules.js';
import { branch } from './vdom.js';

/** @import { BlockRule, Formula, InlineRule, MarkdownExtension, Token } from '../types.js' */

const OPENING = /^(?:\$\$(?!\$)|\\\[|\\begin\{)/;
/** What follows a display on its last line. */
const ENDING = /^[ \t]*([.,;:!]?)[ \t]*$/;
/** So much in the first line of a display of several lines that it is no prose. */
const SIGNED = /\\[a-zA-Z]|[\^=]|_\{/;

/** @type {MarkdownExtension} */
export const mathematics = {
  name: 'mathematics',
  inline: { $: inlineRule, '\\': inlineRule },
  block: display,
  draw: {
    math: (token) => inlineFormula(/** @type {any} */ (token)),
    display: drawDisplay,
  },
};

/** @type {InlineRule} */
function inlineRule(text, at, { open, next }) {
  if (open && mayBegin(text.slice(at, at + 30))) return HELD;
  const found = formulaAt(text, at, { growing: open, next });
  if (!found) return undefined;
  return 'open' in found ? HELD : { type: 'math', raw: found.source, ...found };
}

/** Whether this is the beginning of a delimiter, and no more. @param {string} rest */
const mayBegin = (rest) =>
  /^\$[$.]?$|^\\begin\{[a-z]*\*?$/i.test(rest) || '\\begin{'.startsWith(rest);

/** @type {BlockRule} */
function display(line, paragraph) {
  const [mark] = OPENING.exec(line) ?? [];
  if (!mark || (mark === '$$' && hasOpened(paragraph))) return undefined;
  const name = environmentIn(line);
  if (mark === '\\begin{' && !name) return undefined;
  const close = name ? `\\end{${name}}` : { '\\[': '\\]', $$: '$$' }[mark];
  const found = formulaAt(line, 0);
  if (found && 'end' in found) {
    const ending = ENDING.exec(line.slice(found.end));
    return ending ? { type: 'display', isWhole: true, closes: () => true } : undefined;
  }
  const first = line.slice(mark.length);
  const isAlone = Boolean(name) || !first.trim();
  if (!close || (!isAlone && (!SIGNED.test(first) || first.includes(close)))) return undefined;
  const closes = closing(line, close);
  return {
    type: 'display',
    close,
    closes,
    refuses: isForeign,
    reach: FARTHEST_DISPLAY,
    endsBlank: !isAlone,
  };
}

/** Of the lines of a paragraph, how many have been read, and whether they end in a display. @type {WeakMap<string[], { read: number, isOpen: boolean }>} */
const openings = new WeakMap();

/** Whether the lines before have opened a display in their midst, which this one would close. @param {string[]} lines */
function hasOpened(lines) {
  let { read, isOpen } = openings.get(lines) ?? { read: 0, isOpen: false };
  for (; read < lines.length; read++) {
    const marks = lines[read].split('$$').length - 1;
    isOpen = marks % 2 ? !isOpen && lines[read].trimEnd().endsWith('$$') : isOpen;
  }
  openings.set(lines, { read, isOpen });
  return isOpen;
}

/**
 * Returns whether the next line is the last one; undefined where too many environments are in each other.
 * @param {string} opening @param {string} close
 */
function closing(opening, close) {
  if (!close.startsWith('\\end')) return (/** @type {string} */ line) => line.includes(close);
  const begin = close.replace('end', 'begin');
  let depth = opening.split(begin).length - 1 || 1;
  return (/** @type {string} */ line) => {
    depth += line.split(begin).length - line.split(close).length;
    return depth > DEEPEST_ENVIRONMENT ? undefined : depth < 1 && line.includes(close);
  };
}

/** @param {Token} token */
function drawDisplay({ opening, text, closing, close, held }) {
  if (!close) return wholeDisplay(opening.trimEnd());
  const lines = [opening, ...(text ? [text] : []), ...(closing === undefined ? [] : [closing])];
  const source = lines.join('\n').trimEnd();
  if (closing === undefined)
    return unfinishedFormula(held ? '' : source.replace(/[ \t]*\n[ \t]*/g, '\n'));
  const end = source.lastIndexOf(close) + close.length;
  const content = close.startsWith('\\end')
    ? source.slice(0, end)
    : source.slice(2, end - close.length);
  return withRest({ start: 0, end, source: source.slice(0, end), content, display: true }, source);
}

/** @param {string} line */
const wholeDisplay = (line) => withRest(/** @type {Formula} */ (formulaAt(line, 0)), line);

/** A full stop after a display belongs into it; a sentence goes on below. @param {Formula} formula @param {string} text */
function withRest(formula, text) {
  const rest = text.slice(formula.end);
  const [, mark] = ENDING.exec(rest) ?? [];
  if (mark === undefined) {
    const { tokens } = parseInline(rest.trim(), Object.create(null));
    return branch('div', {}, [formulaBlock(formula), branch('p', {}, inlines(tokens))]);
  }
  return formulaBlock({
    ...formula,
    source: formula.source + mark,
    content: formula.content + mark,
  });
}
