// Blocks as tokens: their text is parsed when all definitions are known. The raw texts of the tokens add up to the
// source, for a token has also the blank lines after it.

import { parseInline } from './inline.js';
import { withoutUndecided } from './undecided.js';
import { cellsOf } from './table.js';

/** @import { BlockNode, Links, Token } from '../../types.js' */
/** @import { BlockParser } from './blocks.js' */

/** The box that the text of a task begins with. */
const TASK = /^\[([ \t\nxX])\](?:[ \t]+(?=\S)|[ \t]*\n)/;

/**
 * @param {BlockParser} parser @param {string} source @param {Links} links all of them
 * @param {boolean} isOpen more of the text follows
 * @returns {Token[]}
 */
export function tokensOf(parser, source, links, isOpen) {
  const growing = isOpen ? parser.last : undefined;
  return many(parser.root.kids, 0, source.length);

  /** @param {BlockNode[]} nodes @param {number} from @param {number} to @returns {Token[]} */
  function many(nodes, from, to) {
    return nodes.map((node, i) => {
      const start = i ? node.start : from;
      const end = nodes[i + 1]?.start ?? to;
      return { ...one(node, start, end), raw: source.slice(start, end) };
    });
  }

  /** @param {BlockNode} node @param {number} start @param {number} end @returns {Token} */
  function one(node, start, end) {
    const { type, kids, lines } = node;
    switch (type) {
      case 'list':
        return list(node, many(kids, start, end));
      case 'list_item':
      case 'blockquote':
      case 'footnote':
      case 'details':
        return holder(node, many(kids, start, end));
      case 'heading':
      case 'summary':
        return { type, depth: node.depth, ...text(node.text ?? '', node) };
      case 'paragraph':
        return paragraph(node);
      case 'table':
        return table(node);
      case 'code':
        return { type, lang: node.info, text: codeOf(node), fence: node.fence };
      case 'extension':
        return {
          ...node.rule,
          raw: '',
          text: lines.join('\n'),
          opening: node.opening,
          closing: node.closing,
          isClosed: Boolean(node.isClosed),
          held: node === growing,
        };
      default:
        return { type };
    }
  }

  /** @param {BlockNode} node */
  function paragraph(node) {
    const string = node.lines.join('\n').trimEnd();
    const [box] = taskOf(node, string);
    const { tokens, ...more } = text(string.slice(box.length), node);
    return { type: 'paragraph', tokens: [...(box ? [checkbox(box)] : []), ...tokens], ...more };
  }

  /** @param {string} string @param {BlockNode} node @returns {{ tokens: Token[], held?: boolean }} */
  function text(string, node) {
    return node === growing
      ? withoutUndecided(string, links)
      : { tokens: parseInline(string, links).tokens };
  }

  /** @param {BlockNode} node */
  function table(node) {
    const { head = '', align = [], lines } = node;
    const rows = [head, ...lines].map((line, i) => {
      const isLast = node === growing && i === lines.length;
      const cells = cellsOf(line);
      return cells.map(
        (cell, k) =>
          /** @type {Token} */ ({
            align: align[k] ?? '',
            ...(isLast && k === cells.length - 1
              ? withoutUndecided(cell, links)
              : { tokens: parseInline(cell, links).tokens }),
          }),
      );
    });
    for (const row of rows)
      while (row.length < align.length) row.push({ align: align[row.length], tokens: [] });
    const [header, ...others] = rows;
    return {
      type: 'table',
      header,
      rows: others,
      held: others.at(-1)?.some((/** @type {Token} */ { held }) => held),
    };
  }
}

/** @param {BlockNode} node @param {Token[]} items */
function list({ ordered, first, loose }, items) {
  return { type: 'list', ordered, start: first, loose, items, held: items.at(-1)?.held };
}

/** @param {BlockNode} node @param {Token[]} tokens */
function holder({ type, label, key }, tokens) {
  const held = tokens.at(-1)?.held;
  return { type, label, key, tokens, held, task: tokens[0]?.tokens?.[0]?.type === 'checkbox' };
}

/** The box that an item's first paragraph begins with. @param {BlockNode} node @param {string} text */
function taskOf({ parent }, text) {
  const isFirst = parent?.type === 'list_item' && parent.kids[0]?.type === 'paragraph';
  return (isFirst && parent.kids[0].lines.join('\n').trimEnd() === text && TASK.exec(text)) || [''];
}

/** @param {string} box */
const checkbox = (box) => ({ type: 'checkbox', checked: /x/i.test(box) });

/** @param {BlockNode} node */
function codeOf({ lines, fence }) {
  if (fence) return lines.length ? `${lines.join('\n')}\n` : '';
  let end = lines.length;
  while (end && !lines[end - 1].trim()) end--;
  return `${lines.slice(0, end).join('\n')}\n`;
}
