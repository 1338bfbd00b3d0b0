// A list or a table is one token, however long: to lex it, draw it and lay it out whole whenever it grows would
// take quadratic time. So its finished items or rows leave the text that is lexed (what stays is the last item, or
// the head), and on the page it stands in parts; each part of a table repeats the head, as on paper.

/** @import { Begun, Branch, Token } from '../types.js' */

const PART = 100;
/** An item with words in its first line; a lone `-` may turn out to underline a heading. */
const FULL = /^( {0,3}\S+)[ \t]+\S/;
const HOLDERS = ['ul', 'ol', 'tbody'];

/** What is finished of a block of complete lines: its length and text; `head` stays before the rest. @param {Token} token */
export function growthOf({ type, items, rows, raw }) {
  if (type === 'list' && items.length > 1) {
    const [, last] = FULL.test(items[0].raw) ? (FULL.exec(items.at(-1).raw) ?? []) : [];
    const done = items
      .slice(0, -1)
      .map((item) => item.raw)
      .join('');
    // Another item must follow, or the last would be taken for the end of the list.
    return last && { length: done.length, raw: `${done}${last} .\n`, head: '' };
  }
  if (type === 'table' && rows.length && !/\n[ \t]*\n$/.test(raw)) {
    return { length: raw.length, raw, head: /^.*\n.*\n/.exec(raw)?.[0] ?? '' };
  }
  return undefined;
}

/** Its first block, without the item that stays. @param {Token[]} tokens */
export const finished = ([token]) => [
  token.type === 'list' ? { ...token, items: token.items.slice(0, -1) } : token,
];

/**
 * How far a block has come with these items or rows, drawn as these trees.
 * @param {Token} token @param {Begun | undefined} begun @param {Branch[]} trees @returns {Begun}
 */
export function begunBy({ start, loose, items, rows }, begun, trees) {
  const nodes = begun?.nodes ?? new Set();
  for (const { node } of trees) nodes.add(node);
  const count = (begun?.count ?? 0) + (items ?? rows).length;
  return {
    start: begun?.start ?? start,
    loose: loose || begun?.loose,
    count,
    open: count % PART > 0,
    nodes,
  };
}

/**
 * Blocks with long lists and tables in parts; the first may go on with one that has begun.
 * @param {Token[]} tokens @param {Begun} [begun] @returns {Token[]}
 */
export function inParts([first, ...others], begun) {
  if (!first) return [];
  return [...partsOf(first, begun), ...others.flatMap((token) => partsOf(token))];
}

/** @param {Token} token @param {Begun} [begun] */
function partsOf(token, begun) {
  const held = token.items ?? token.rows;
  if (!held) return [token];
  const { count = 0, start = token.start, loose = false } = begun ?? {};
  const parts = [];
  if (!held.length && count && count % PART === 0) return parts; // the last one is full, and nothing follows
  for (let at = 0; at === 0 || at < held.length; at += PART - ((count + at) % PART)) {
    const place = (count + at) % PART;
    const some = held.slice(at, at + PART - place);
    parts.push({
      ...token,
      [token.items ? 'items' : 'rows']: some,
      loose: loose || token.loose,
      start: token.ordered ? start + count + at - place : '',
      full: place + some.length === PART,
    });
  }
  return parts;
}

/** A list that turns out to be loose is so from its first part on. @param {Begun} begun */
export function loosen({ nodes }) {
  for (const node of nodes) node.removeAttribute('class');
}

/** Take from a block on the page the items or rows that follow these finished ones; returns them. */
export function behind(block, done) {
  return block?.tag === done.tag ? (heldBy(block)?.splice(heldBy(done).length) ?? []) : [];
}

/** The same block on the page, holding these items or rows from now on. */
export function holding(tree, kids) {
  const held = HOLDERS.includes(tree.tag)
    ? kids
    : [...tree.kids.slice(0, -1), holding(tree.kids.at(-1), kids)];
  return { ...tree, kids: held, origin: '' };
}

function heldBy({ tag, kids }) {
  return HOLDERS.includes(tag) ? kids : kids?.length ? heldBy(kids.at(-1)) : undefined;
}
