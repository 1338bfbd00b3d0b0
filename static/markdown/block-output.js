// Where the blocks of an answer go: onto the page in parts of 50, and finished code to the highlighter.

import { codeOf } from './code-block.js';
import { patch } from './vdom.js';

/** @import { Branch, RendererOptions } from '../types.js' */

/** A page of more formulas would be too slow to lay out; the rest of an answer shows its sources. */
const MOST_FORMULAS = 3000;
/** The browser visits each child of an element that it lays out, so no element has thousands. */
const PART_BLOCKS = 50;

export class BlockOutput {
  #root;
  #highlight;
  #typeset;
  #offerTable;
  #onDraw;
  #formulas = 0;
  /** @type {Element | undefined} */
  #lastPart;

  /** @param {Element} root @param {RendererOptions} options */
  constructor(root, { highlight, typeset, offerTable, onDraw }) {
    this.#root = root;
    this.#highlight = highlight;
    this.#typeset = typeset;
    this.#offerTable = offerTable;
    this.#onDraw = onDraw;
  }

  /** Turn the blocks on the page, `old`, into `next`. @param {Branch[]} old @param {Branch[]} next */
  show(old, next) {
    const add = (/** @type {Node} */ node) => this.#partWithRoom().append(node);
    patch(old, next, this.#root.ownerDocument, add, ({ formula }, node) => {
      if (formula && ++this.#formulas <= MOST_FORMULAS)
        this.#typeset?.(node, formula, this.#onDraw);
    });
  }

  /** Offer the code in these finished blocks for highlighting, and their tables. @param {Branch[]} trees */
  offer(trees) {
    for (const tree of trees) {
      const code = codeOf(tree);
      const language = code?.attributes['data-language'];
      if (code?.node && language) this.#highlight?.(code.node, language);
      else if (tree.attributes.class === 'table' && tree.node) this.#offerTable?.(tree.node);
      else this.offer(tree.kids.filter((kid) => 'kids' in kid));
    }
  }

  #partWithRoom() {
    const part = this.#lastPart;
    if (part && part.childElementCount < PART_BLOCKS) return part;
    const next = this.#root.ownerDocument.createElement('div');
    this.#root.append(next);
    this.#lastPart = next;
    return next;
  }
}
