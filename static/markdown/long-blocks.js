// A list or a table is one token, however long: to lex it, draw it and lay it out whole whenever it grows would take
// quadratic time. So its finished items or rows leave the text that is lexed, which keeps only the last item or the
// head, and the block goes on as a continuation of the finished ones. On the page it stands in parts; each part of a
// table repeats the head, as on paper.

/** @import { Branch, Continuation, Token, Tree } from '../types.js' */

/** The browser restyles a part whole when it becomes complete, and an item may hold lists and quotations of its own. */
const [PART_ITEMS, PART_ROWS] = [25, 100];
/** An item with words in its first line; a lone `-` may turn out to underline a heading. */
const FULL = /^( {0,3}\S+)[ \t]+\S/;
const HOLDERS = ['ul', 'ol', 'tbody'];

/**
 * The finished part of a list or table of complete lines: its length and text; `head` stays before the rest.
 * @param {Token} token
 */
export function growthOf({ type, items, rows, raw }) {
  if (type === 'list' && items.length > 1) {
    const [, last] = FULL.test(items[0].raw) ? (FULL.exec(items.at(-1).raw) ?? []) : [];
    const done = items
      .slice(0, -1)
      .map((/** @type {Token} */ item) => item.raw)
      .join('');
    // Another item must follow, or the last would be taken for the end of the list.
    return last && { length: done.length, raw: `${done}${last} .\n`, head: '' };
  }
  if (type === 'table' && rows.length && !/\n[ \t]*\n$/.test(raw)) {
    return { length: raw.length, raw, head: /^.*\n.*\n/.exec(raw)?.[0] ?? '' };
  }
  return undefined;
}

/** The first block, without the item that stays. @param {Token[]} tokens */
export const finished = ([token]) => [
  token.type === 'list' ? { ...token, items: token.items.slice(0, -1) } : token,
];

/**
 * The continuation of a block after these items or rows, drawn as these trees.
 * @param {Token} token @param {Continuation | undefined} before @param {Branch[]} trees @returns {Continuation}
 */
export function continuationOf({ start, loose, items, rows }, before, trees) {
  const nodes = before?.nodes ?? new Set();
  for (const { node } of trees) nodes.add(node);
  const count = (before?.count ?? 0) + (items ?? rows).length;
  return {
    start: before?.start ?? start,
    loose: loose || before?.loose,
    count,
    open: count % (items ? PART_ITEMS : PART_ROWS) > 0,
    nodes,
    direction: trees.at(-1)?.attributes.dir ?? before?.direction,
  };
}

/**
 * Blocks with long lists and tables in parts; the first may continue one.
 * @param {Token[]} tokens @param {Continuation} [continuation] @returns {Token[]}
 */
export function inParts([first, ...others], continuation) {
  if (!first) return [];
  return [...partsOf(first, continuation), ...others.flatMap((token) => partsOf(token))];
}

/** @param {Token} token @param {Continuation} [continuation] @returns {Token[]} */
function partsOf(token, continuation) {
  const held = token.items ?? token.rows;
  if (!held) return [token];
  const size = token.items ? PART_ITEMS : PART_ROWS;
  const { count = 0, start = token.start, loose = false } = continuation ?? {};
  const isEmpty = !held.length && count && count % size === 0; // the last part is full, and nothing follows
  if (isEmpty) return [];
  const parts = [];
  for (let at = 0; at === 0 || at < held.length; at += size - ((count + at) % size)) {
    const place = (count + at) % size;
    const some = held.slice(at, at + size - place);
    parts.push({
      ...token,
      [token.items ? 'items' : 'rows']: some,
      loose: loose || token.loose,
      start: token.ordered ? start + count + at - place : '',
      full: place + some.length === size,
      follows: count + at > 0,
    });
  }
  return parts;
}

/** Make a list that turns out to be loose so from its first part on. @param {Continuation} continuation */
export function loosen({ nodes }) {
  for (const node of nodes) node.removeAttribute('class');
}

/**
 * Remove from a block on the page the items or rows that follow the finished ones; returns them.
 * @param {Branch | undefined} block @param {Branch} done
 */
export function removeUnfinished(block, done) {
  if (block?.tag !== done.tag) return [];
  return heldBy(block)?.splice(heldBy(done)?.length ?? 0) ?? [];
}

/** The same block on the page, holding these items or rows from now on. @param {Branch} tree @param {Tree[]} kids @returns {Branch} */
export function withHeld(tree, kids) {
  const held = HOLDERS.includes(tree.tag)
    ? kids
    : [...tree.kids.slice(0, -1), withHeld(/** @type {Branch} */ (tree.kids.at(-1)), kids)];
  return { ...tree, kids: held, origin: '' };
}

/** @param {Tree | undefined} tree @returns {Tree[] | undefined} */
function heldBy(tree) {
  if (!tree || 'text' in tree) return undefined;
  return HOLDERS.includes(tree.tag) ? tree.kids : heldBy(tree.kids.at(-1));
}
