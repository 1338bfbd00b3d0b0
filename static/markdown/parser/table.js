// Tables: the last line of a paragraph becomes the head when the row of dashes below it has as many cells.

import { trimmed } from './characters.js';

/** @import { BlockNode } from '../../types.js' */
/** @import { BlockParser } from './blocks.js' */

// eslint-disable-next-line security/detect-unsafe-regex -- its parts begin differently
const DASHES = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
/** Without the paragraph before it such a head would be an item. */
const ITEM = /^(?:[*+-]|\d{1,9}[.)])(?:[ \t]|$)/;

/** @param {BlockParser} parser @param {BlockNode} container @returns {'done' | undefined} */
export function startTable(parser, container) {
  const { words } = parser.line;
  if (container.type !== 'paragraph' || !/[|:]/.test(words) || !DASHES.test(words))
    return undefined;
  const { lines, starts = [], indents = [] } = container;
  const head = lines.at(-1) ?? '';
  const align = cellsOf(words).map(alignOf);
  const isFirst = lines.length === 1;
  if (cellsOf(head).length !== align.length || trimmed(head) === '|') return undefined;
  if (!isFirst && (indents.at(-1) ?? 0) >= 4) return undefined;
  parser.closeUnmatched();
  lines.pop();
  indents.pop();
  const at = starts.pop() ?? container.start;
  const began = !isFirst && ITEM.test(head) ? container.start : undefined;
  parser.close(container);
  parser.open('table', { start: at, began, head, align, lines: [] });
  return 'done';
}

/** The cells of a row, without the white space around them. @param {string} row @returns {string[]} */
export function cellsOf(row) {
  const cells = [];
  let cell = '';
  for (let i = 0; i <= row.length; i++) {
    if (row[i] === '\\' && '|\\'.includes(row[i + 1] ?? ' '))
      cell += row[++i] === '|' ? '|' : '\\\\';
    else if (row[i] === '|' || i === row.length) {
      cells.push(trimmed(cell));
      cell = '';
    } else cell += row[i];
  }
  if (!cells[0] && /^[ \t]*\|/.test(row)) cells.shift();
  if (cells.length && !cells.at(-1) && /\|[ \t]*$/.test(row)) cells.pop();
  return cells;
}

/** @param {string} dashes */
function alignOf(dashes) {
  const [left, right] = [dashes.startsWith(':'), dashes.endsWith(':')];
  if (left) return right ? 'center' : 'left';
  return right ? 'right' : '';
}
