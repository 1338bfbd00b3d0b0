// Blocks as tokens: their text is parsed when all definitions are known. The raw texts of the tokens add up to the
// source, for a token has also the blank lines after it.

import { trimmed, trimmedEnd } from './characters.js';
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
  const tokens = new BlockTokens(source, links, isOpen ? parser.last : undefined);
  return tokens.ofAll(parser.root.kids, 0, source.length);
}

/** Makes the tokens of one text; of its growing block only what is certain becomes one. */
class BlockTokens {
  #source;
  #links;
  #growing;

  /** @param {string} source @param {Links} links @param {BlockNode | undefined} growing */
  constructor(source, links, growing) {
    this.#source = source;
    this.#links = links;
    this.#growing = growing;
  }

  /** @param {BlockNode[]} nodes @param {number} from @param {number} to @returns {Token[]} */
  ofAll(nodes, from, to) {
    return nodes.map((node, i) => {
      const start = i ? node.start : from;
      const end = nodes[i + 1]?.start ?? to;
      return { ...this.#of(node, start, end), raw: this.#source.slice(start, end) };
    });
  }

  /** @param {BlockNode} node @param {number} start @param {number} end @returns {Token} */
  #of(node, start, end) {
    const { type, kids } = node;
    switch (type) {
      case 'list':
        return list(node, this.ofAll(kids, start, end));
      case 'list_item':
      case 'blockquote':
      case 'footnote':
      case 'details':
        return holder(node, this.ofAll(kids, start, end));
      case 'heading':
      case 'summary':
        return { type, depth: node.depth, ...this.#text(node.text ?? '', node) };
      case 'paragraph':
        return this.#paragraph(node);
      case 'table':
        return this.#table(node);
      case 'code':
        return { type, lang: node.info, text: codeOf(node), fence: node.fence };
      case 'extension':
        return extension(node, node === this.#growing);
      default:
        return { type };
    }
  }

  /** @param {BlockNode} node */
  #paragraph(node) {
    const string = trimmedEnd(node.lines.join('\n'));
    const [box] = taskOf(node, string);
    const { tokens, ...more } = this.#text(string.slice(box.length), node);
    return { type: 'paragraph', tokens: [...(box ? [checkbox(box)] : []), ...tokens], ...more };
  }

  /** @param {BlockNode} node */
  #table(node) {
    const { head = '', lines } = node;
    const rows = [head, ...lines].map((line, i) =>
      this.#row(line, node, node === this.#growing && i === lines.length),
    );
    const [header, ...others] = rows;
    return { type: 'table', header, rows: others, held: others.at(-1)?.some(({ held }) => held) };
  }

  /** As many cells as the table has columns, or more. @param {string} line @param {BlockNode} table @param {boolean} isGrowing */
  #row(line, { align = [] }, isGrowing) {
    const cells = cellsOf(line);
    const row = cells.map((cell, k) => {
      const inline = this.#inline(cell, isGrowing && k === cells.length - 1);
      return /** @type {Token} */ ({ align: align[k] ?? '', ...inline });
    });
    while (row.length < align.length) row.push({ align: align[row.length], tokens: [] });
    return row;
  }

  /** @param {string} string @param {BlockNode} node */
  #text(string, node) {
    return this.#inline(string, node === this.#growing);
  }

  /** @param {string} string @param {boolean} isGrowing @returns {{ tokens: Token[], held?: boolean }} */
  #inline(string, isGrowing) {
    return isGrowing
      ? withoutUndecided(string, this.#links)
      : { tokens: parseInline(string, this.#links).tokens };
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

/** @param {BlockNode} node @param {boolean} held */
function extension({ rule, lines, opening, closing, isClosed }, held) {
  const text = lines.join('\n');
  return { ...rule, raw: '', text, opening, closing, isClosed: Boolean(isClosed), held };
}

/** The box that an item's first paragraph begins with. @param {BlockNode} node @param {string} text */
function taskOf({ parent }, text) {
  const isFirst = parent?.type === 'list_item' && parent.kids[0]?.type === 'paragraph';
  return (
    (isFirst && trimmedEnd(parent.kids[0].lines.join('\n')) === text && TASK.exec(text)) || ['']
  );
}

/** @param {string} box */
const checkbox = (box) => ({ type: 'checkbox', checked: /x/i.test(box) });

/** @param {BlockNode} node */
function codeOf({ lines, fence }) {
  if (fence) return lines.length ? `${lines.join('\n')}\n` : '';
  let end = lines.length;
  while (end && !trimmed(lines[end - 1])) end--;
  return `${lines.slice(0, end).join('\n')}\n`;
}
