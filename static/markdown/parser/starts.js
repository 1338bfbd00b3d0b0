// What opens a block.

import { trimmed } from './characters.js';
import { takeQuoteMark } from './continuations.js';
import { linesOfDefinitions, splitDefinitions } from './definitions.js';
import { scanFootnoteLabel } from './labels.js';
import { blockRules } from './rules.js';
import { startTable } from './table.js';

/** @import { BlockNode } from '../../types.js' */
/** @import { BlockParser } from './blocks.js' */
/** @typedef {'container' | 'leaf' | 'done' | undefined} Opened more of the line follows in a container, or as the text of a leaf, or nothing */

/** In this order. @type {((parser: BlockParser, container: BlockNode) => Opened)[]} */
const RULES = [
  blockquote, footnote, heading, fence, underline, thematicBreak, item, startTable, details,
]; // prettier-ignore

/** Open a block if one begins here. @param {BlockParser} parser @param {BlockNode} container @returns {Opened} */
export function start(parser, container) {
  const { line } = parser;
  if (line.isIndented) return indentedCode(parser);
  if (line.isBlank) return undefined;
  for (const rule of RULES) {
    const opened = rule(parser, container);
    if (opened) return opened;
  }
  return extension(parser, container);
}

/** @param {BlockParser} parser @returns {Opened} */
function blockquote(parser) {
  const { line } = parser;
  if (line.next !== '>' || !parser.hasDepth) return undefined;
  takeQuoteMark(line);
  parser.open('blockquote');
  return 'container';
}

/** @param {BlockParser} parser @returns {Opened} */
function footnote(parser) {
  const { line } = parser;
  if (line.next !== '[' || !parser.hasDepth) return undefined;
  const label = scanFootnoteLabel(line.words, 0);
  if (!label || line.words[label.end] !== ':') return undefined;
  line.skipIndent();
  line.skipColumns(label.end + 1);
  line.skipIndent();
  parser.open('footnote', { label: label.text, key: label.key });
  parser.links[label.key] ??= { href: '', footnote: label.text };
  return 'container';
}

/** @param {BlockParser} parser @returns {Opened} */
function heading(parser) {
  const { words } = parser.line;
  const [, marks] = /^(#{1,6})(?:[ \t]|$)/.exec(words) ?? [];
  if (!marks) return undefined;
  parser.close(
    parser.open('heading', {
      depth: marks.length,
      text: withoutClosing(words.slice(marks.length)),
    }),
  );
  return 'done';
}

/** @param {string} words */
function withoutClosing(words) {
  const text = trimmed(words);
  let end = text.length;
  while (text[end - 1] === '#') end--;
  return end === text.length || (end && !/[ \t]/.test(text[end - 1]))
    ? text
    : trimmed(text.slice(0, end));
}

/** @param {BlockParser} parser @returns {Opened} */
function fence(parser) {
  const { line } = parser;
  const { words } = line;
  const [marks] = /^(?:`{3,}|~{3,})/.exec(words) ?? [''];
  const info = words.slice(marks.length);
  if (!marks || (marks[0] === '`' && info.includes('`'))) return undefined;
  const { indent, columnAt: column } = line;
  parser.open('code', {
    info: trimmed(info),
    fence: { char: marks[0], length: marks.length, indent, column, closed: false },
  });
  return 'done';
}

/** A paragraph that turns out to be a heading. @param {BlockParser} parser @param {BlockNode} container @returns {Opened} */
function underline(parser, container) {
  if (container.type !== 'paragraph' || !/^(?:=+|-+)[ \t]*$/.test(parser.line.words))
    return undefined;
  if (linesOfDefinitions(container) === container.lines.length) return undefined;
  parser.closeUnmatched();
  splitDefinitions(container, parser.links);
  const depth = parser.line.next === '=' ? 1 : 2;
  Object.assign(container, { type: 'heading', depth, text: trimmed(container.lines.join('\n')) });
  parser.close(container);
  return 'done';
}

/** @param {BlockParser} parser @returns {Opened} */
function thematicBreak(parser) {
  const { next, words } = parser.line;
  if (!'*-_'.includes(next) || !isBreak(words, next)) return undefined;
  parser.close(parser.open('hr'));
  return 'done';
}

/** @param {string} words @param {string} mark */
function isBreak(words, mark) {
  let count = 0;
  for (const character of words) {
    if (character === mark) count++;
    else if (character !== ' ' && character !== '\t') return false;
  }
  return count > 2;
}

/** @param {BlockParser} parser @param {BlockNode} container @returns {Opened} */
function item(parser, container) {
  const { line } = parser;
  const [mark, number, delimiter] = /^(?:[*+-]|(\d{1,9})([.)]))(?=[ \t]|$)/.exec(line.words) ?? [];
  if (!mark || !parser.hasDepth) return undefined;
  const interrupts = container.type === 'paragraph';
  if (interrupts && ((number && number !== '1') || !trimmed(line.words.slice(mark.length))))
    return undefined;
  const width = line.indent + takeMark(line, mark.length);
  const kind = delimiter ?? mark;
  const list =
    parser.matched.type === 'list' && parser.matched.kind === kind ? parser.matched : undefined;
  if (!list)
    parser.open('list', { kind, ordered: Boolean(number), first: number ? Number(number) : '' });
  parser.open('list_item', { width });
  return 'container';
}

/** Read a mark and the space after it; returns the width of both. @param {import('./line.js').Line} line @param {number} length */
function takeMark(line, length) {
  line.skipIndent();
  line.skipColumns(length);
  const { indent, isBlank } = line;
  const space = isBlank || indent > 4 || indent < 1 ? 1 : indent;
  if (line.isAtSpace) line.skipColumns(space);
  return length + space;
}

/** Only alone in its line; an answer's own attributes stay text. @param {BlockParser} parser @returns {Opened} */
function details(parser, /** @type {BlockNode} */ container) {
  const { line } = parser;
  if (line.next !== '<' || !parser.hasDepth) return undefined;
  const summary =
    container.type === 'details' &&
    !container.kids.length &&
    /^<summary>(.*)<\/summary>[ \t]*$/i.exec(line.words);
  if (summary) {
    parser.close(parser.open('summary', { text: trimmed(summary[1]) }));
    return 'done';
  }
  const [whole] = /^<details>[ \t]*(?=<summary>.*<\/summary>[ \t]*$|$)/i.exec(line.words) ?? [];
  if (!whole) return undefined;
  line.skipIndent();
  line.skipColumns(whole.length);
  parser.open('details');
  return 'container';
}

/** @param {BlockParser} parser @returns {Opened} */
function indentedCode(parser) {
  if (parser.tip.type === 'paragraph' || parser.line.isBlank) return undefined;
  parser.line.skipColumns(4);
  parser.open('code');
  return 'leaf';
}

/** @param {BlockParser} parser @param {BlockNode} container @returns {Opened} */
function extension(parser, container) {
  const { words } = parser.line;
  const lines = container.type === 'paragraph' ? container.lines : [];
  for (const rule of blockRules) {
    const found = rule(words, lines);
    if (found?.isWhole) parser.close(parser.open('extension', { rule: found, opening: words }));
    else if (found && parser.ahead.closes(found, parser.at, container)) {
      // Until its end has come, what stands before it may still go on, also in an item or a quotation.
      const mayGoOn = parser.tip.type === 'paragraph' || parser.tip.type === 'table';
      const before = mayGoOn ? parser.root.kids.at(-1) : undefined;
      // Once more, since it counts the lines that it is shown.
      parser.open('extension', { rule: rule(words, lines), opening: words, began: before?.start });
    } else continue;
    return 'done';
  }
  return undefined;
}
