// Marks on the page what is looked for: by highlights, which change nothing of it, and in a browser that has none, by
// elements around it.

import { placesOf } from '../model/folding.js';
import { make } from './dom.js';

/** Between these a word ends, even where no sign stands. */
const BLOCKS =
  'p, li, td, th, dt, dd, pre, pre span, .piece, h1, h2, h3, h4, h5, h6, blockquote, .text';
/** What is on the page but not said. */
const SKIPPED = 'button, math, .code-head';
const MOST = 500;
const [ALL, ONE] = ['found', 'found-now'];
/** @typedef {{ node: Text, from: number, to: number }} Piece a text, and its place among those of its root */

export class HitMarks {
  /** @type {string[]} */
  #terms = [];
  #log;
  #onMarked;
  /** What is marked in each root. @type {Map<Element, Range[]>} */
  #marked = new Map();
  #changes = new MutationObserver((changes) => this.#changed(changes));

  /** `onMarked` is called when the marks in the conversation are others. @param {HTMLElement} log @param {() => void} onMarked */
  constructor(log, onMarked) {
    this.#log = log;
    this.#onMarked = onMarked;
  }

  /** Mark these terms in the conversation from now on; what is marked elsewhere stays, if they are the same. None to end. @param {string[]} terms */
  look(terms) {
    this.#changes.disconnect();
    const isOther = terms.join(' ') !== this.#terms.join(' ');
    for (const root of [...this.#marked.keys()])
      if (isOther || !root.isConnected || this.#log.contains(root)) this.#unmark(root);
    this.#terms = terms;
    this.here();
    if (!terms.length) return;
    for (const root of this.#log.querySelectorAll('article > .text')) this.mark(root);
    this.#observe();
  }

  /** Mark the terms in this element. @param {Element} root */
  mark(root) {
    this.#unmark(root);
    if (this.#terms.length) this.#marked.set(root, show(rangesIn(root, this.#terms)));
  }

  /** Return the ranges that are marked in a message. @param {Element | null} article */
  in(article) {
    const root = article?.querySelector(':scope > .text');
    return (root && this.#marked.get(root)) ?? [];
  }

  /** Say which of the marks the reader is at. @param {Range} [range] */
  here(range) {
    CSS.highlights?.delete(ONE);
    if (!range || !CSS.highlights) return;
    const highlight = new Highlight(range);
    highlight.priority = 2;
    CSS.highlights.set(ONE, highlight);
  }

  #observe() {
    this.#changes.observe(this.#log, { childList: true, characterData: true, subtree: true });
  }

  /** @param {MutationRecord[]} changes */
  #changed(changes) {
    for (const root of this.#marked.keys()) if (!root.isConnected) this.#unmark(root);
    const roots = changes.map(({ target }) => rootOf(target));
    const added = changes.flatMap(({ addedNodes }) => [...addedNodes].map(rootOf));
    const dirty = new Set([...roots, ...added].filter((root) => root?.isConnected));
    for (const root of dirty) if (root) this.mark(root);
    this.#changes.takeRecords(); // our own
    if (dirty.size) this.#onMarked();
  }

  /** @param {Element} root */
  #unmark(root) {
    const ranges = this.#marked.get(root);
    this.#marked.delete(root);
    if (ranges?.length) hide(ranges, root);
  }
}

/** Return the text of the message that has this node. @param {Node} node @returns {Element | null | undefined} */
function rootOf(node) {
  const element = node instanceof Element ? node : node.parentElement;
  return (
    element?.closest('article > .text') ??
    element?.closest('article')?.querySelector(':scope > .text')
  );
}

/** Return where these terms stand on the page. @param {Element} root @param {string[]} terms */
function rangesIn(root, terms) {
  const { text, pieces } = textIn(root);
  let at = 0;
  return placesOf(text, terms)
    .slice(0, MOST)
    .map(([from, to]) => {
      while (pieces[at] && pieces[at].to <= from) at += 1;
      let end = at;
      while (pieces[end] && pieces[end].to < to) end += 1;
      const range = document.createRange();
      const last = pieces[Math.min(end, pieces.length - 1)];
      range.setStart(pieces[at].node, Math.max(0, from - pieces[at].from));
      range.setEnd(last.node, Math.min(last.node.length, to - last.from));
      return range;
    });
}

/** @param {Element} root */
function textIn(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Piece[]} */
  const pieces = [];
  let [text, block] = ['', /** @type {Element | null | undefined} */ (undefined)];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const { parentElement } = node;
    if (!parentElement || parentElement.closest(SKIPPED)) continue;
    const own = parentElement.closest(BLOCKS);
    if (own !== block) text += '\n';
    block = own;
    const from = text.length;
    text += node.nodeValue;
    pieces.push({ node: /** @type {Text} */ (node), from, to: text.length });
  }
  return { text, pieces };
}

/** @param {Range[]} ranges */
function show(ranges) {
  if (!ranges.length) return ranges;
  if (!CSS.highlights) return ranges.toReversed().flatMap(surround).reverse();
  if (!CSS.highlights.has(ALL)) CSS.highlights.set(ALL, new Highlight());
  const highlight = /** @type {Highlight} */ (CSS.highlights.get(ALL));
  highlight.priority = 1;
  for (const range of ranges) highlight.add(range);
  return ranges;
}

/** @param {Range[]} ranges @param {Element} root */
function hide(ranges, root) {
  for (const range of ranges) CSS.highlights?.get(ALL)?.delete(range);
  if (CSS.highlights) return;
  for (const mark of root.querySelectorAll('mark.hit')) {
    const { parentNode } = mark;
    mark.replaceWith(...mark.childNodes);
    parentNode?.normalize(); // the first of the parts is the node that was there
  }
}

/** Put elements around what stands in this range, one for each text; of one that is still written, nothing. @param {Range} range @returns {Range[]} */
function surround(range) {
  if (range.startContainer.parentElement?.closest('[aria-busy=true]')) return [range];
  if (range.startContainer !== range.endContainer) return [range];
  const mark = make('mark', { className: 'hit' });
  range.surroundContents(mark);
  range.selectNodeContents(mark);
  return [range];
}
