// Whether a line goes on with a block that is open.

import { trimmed } from './characters.js';

/** @import { BlockNode } from '../../types.js' */
/** @import { Line } from './line.js' */

/** @type {Record<string, (node: any, line: Line) => boolean | 'closed'>} */
const RULES = {
  list: () => true,
  list_item: itemGoesOn,
  blockquote(_, line) {
    if (line.isIndented || line.next !== '>') return false;
    takeQuoteMark(line);
    return true;
  },
  footnote(_, line) {
    if (line.isBlank) return true;
    if (!line.isIndented) return false;
    line.skipColumns(4);
    return true;
  },
  details: (_, line) =>
    /^<\/details>[ \t]*$/i.test(line.words) && !line.isIndented ? 'closed' : true,
  paragraph: (_, line) => !line.isBlank,
  table: (_, line) => !line.isBlank,
  code: (node, line) => (node.fence ? fenceGoesOn(node, line) : indentedGoesOn(line)),
  extension(node, line) {
    const text = line.words;
    if (!node.rule.closes(text)) return true;
    Object.assign(node, { closing: text, isClosed: true });
    return 'closed';
  },
};

/** Returns whether this line goes on with the block, or closes it with all that it holds. @param {BlockNode} node @param {Line} line */
export const goOn = (node, line) => RULES[node.type]?.(node, line) ?? false;

/** @param {Line} line */
export function takeQuoteMark(line) {
  line.skipIndent();
  line.skipColumns(1);
  if (line.isAtSpace) line.skipColumns(1);
}

/** @param {any} item @param {Line} line */
function itemGoesOn(item, line) {
  if (line.isBlank) {
    if (!item.kids.length) return false; // an item begins with one blank line at most
    line.skipColumns(Math.min(item.width, line.indent)); // more may belong to code
    return true;
  }
  if (line.indent < item.width) return false;
  line.skipColumns(item.width);
  return true;
}

/** @param {any} node @param {Line} line */
function fenceGoesOn({ fence }, line) {
  if (!line.isIndented && line.next === fence.char && closes(fence, line.words)) {
    fence.closed = true;
    return 'closed';
  }
  stripIndent(line, fence.indent);
  return true;
}

/** @param {{ char: string, length: number }} fence @param {string} words */
function closes({ char, length }, words) {
  let end = 0;
  while (words[end] === char) end++;
  return end >= length && !trimmed(words.slice(end));
}

/** Remove so many columns of white space from a line, or what there is of it. @param {Line} line @param {number} columns */
export function stripIndent(line, columns) {
  for (let left = columns; left > 0 && line.isAtSpace; left--) line.skipColumns(1);
}

/** @param {Line} line */
function indentedGoesOn(line) {
  if (line.isIndented) line.skipColumns(4);
  else if (line.isBlank) line.skipIndent();
  else return false;
  return true;
}
