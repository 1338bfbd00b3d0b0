// The end of the text, which may still change: it is lexed again with each drawing. Text before the last cut (lexer.js)
// leaves it for the settled blocks. The lines of an open fence, which may be long, go straight to the page; a block
// that is too long is cut by force, and the rest of it is lexed alone or shown as written.

import { blocks } from './blocks.js';
import { codeOf, lastCodeIn } from './code-block.js';
import { fenceOf, fenceWriter, openFenceIn, plainWriter } from './fence.js';
import { lex } from './lexer.js';
import { growthOf } from './long-blocks.js';
import { branch } from './vdom.js';

/** @import { BlockOutput } from './block-output.js' */
/** @import { SettledBlocks } from './settled-blocks.js' */
/** @import { BlockWriter, Branch, Fence, Token } from '../types.js' */

/** What is lexed in one go; a longer block is cut. */
const LONGEST = 16_000;
const SLICE_CHARACTERS = 2000;

export class Tail {
  #text = '';
  /** What is on the page of it. @type {Branch[]} */
  #trees = [];
  /** Takes the lines of an open fence, or the rest of a block that is too long. @type {BlockWriter | undefined} */
  #write;
  #settled;
  #output;

  /** @param {SettledBlocks} settled @param {BlockOutput} output */
  constructor(settled, output) {
    this.#settled = settled;
    this.#output = output;
  }

  /** How many characters to add next: more to a long tail, or it would be lexed too often. */
  get appetite() {
    if (this.isShort) return SLICE_CHARACTERS;
    const { length } = this.#text;
    return Math.min(length, LONGEST - length);
  }

  /** It is lexed quickly, or not at all. */
  get isShort() {
    return Boolean(this.#write) || this.#text.length <= SLICE_CHARACTERS;
  }

  /** Draw this text after the text so far. @param {string} text */
  append(text) {
    this.#text += text;
    do {
      if (this.#write && !this.#writeLines()) return;
      if (this.#text.includes('\n') && text.includes('\n')) this.#cut();
    } while (this.#write);
    if (this.#text.length < LONGEST) this.#draw();
    else this.#cutByForce(this.#lex(this.#text).tokens);
  }

  /** Draw it as it is now known to be meant. */
  drawAgain() {
    if (!this.#write) this.#draw();
  }

  /** No more text follows: settle it. */
  end() {
    this.#write?.(this.#text, true);
    if (this.#write) this.#closeWriter();
    else if (this.#text) this.#settle(this.#text, { isEnd: true });
    this.#output.show(this.#trees, []);
    [this.#text, this.#trees] = ['', []];
  }

  /** Settle what can be settled. */
  #cut() {
    const lines = this.#text.slice(0, this.#text.lastIndexOf('\n') + 1);
    const { tokens, cut: at } = this.#lex(lines, { goesOn: true });
    const last = at === lines.length - (tokens.at(-1)?.raw.length ?? 0) ? tokens.at(-1) : undefined;
    const fence = last && fenceOf(last);
    const growth = last && growthOf(last);
    if (at) {
      this.#settle(this.#text.slice(0, at));
      this.#text = this.#text.slice(at);
    }
    if (fence) this.#openFence(fence);
    if (growth) {
      this.#settle(growth.raw, { growing: true });
      this.#text = growth.head + this.#text.slice(growth.length);
    }
  }

  /** Settle a tail that is too long as it is, and go on in its line, paragraph or fence. @param {Token[]} tokens */
  #cutByForce(tokens) {
    const lines = this.#text.lastIndexOf('\n') + 1;
    const inLine = lines < this.#text.length / 2; // that line alone is too long
    const at = inLine ? this.#text.length : lines;
    const last = tokens.at(-1);
    const fence = inLine ? undefined : openFenceIn(last);
    const final = this.#settle(this.#text.slice(0, at), { open: Boolean(fence) });
    const code = fence && lastCodeIn(final.at(-1));
    this.#text = this.#text.slice(at);
    this.#replaceTrees([]);
    if (code) {
      this.#trees = final;
      this.#write = fenceWriter(fence, code);
    } else if (inLine || last?.type === 'paragraph') {
      const paragraph = branch('p');
      this.#replaceTrees([paragraph]);
      this.#write = plainWriter(paragraph, last?.type !== 'paragraph');
    }
    if (this.#text && (!this.#write || this.#writeLines())) this.#draw();
  }

  /** @param {string} raw @param {{ growing?: boolean, open?: boolean, isEnd?: boolean }} [more] */
  #settle(raw, more) {
    const { final, rest } = this.#settled.settle(raw, this.#trees, more);
    this.#trees = rest;
    return final;
  }

  #draw() {
    const { references, continuation } = this.#settled;
    const lexed = this.#lex(this.#text, { isOpen: true });
    // The finished items of a list stay in its part while the next one is undecided.
    if (continuation && !lexed.tokens.length) return;
    // The tail's own definitions count in it, and may still change; the settled ones are only added to.
    const definitions = references.version(lexed.links);
    this.#replaceTrees(blocks(lexed.tokens, this.#trees, definitions, continuation));
  }

  /** From now on the lines of the tail go straight to the page. @param {Fence} fence */
  #openFence(fence) {
    const { tokens, links } = this.#lex(fence.line);
    this.#replaceTrees(blocks(tokens, this.#trees, this.#settled.references.version(links)));
    this.#text = this.#text.slice(fence.line.length);
    this.#write = fenceWriter(fence, /** @type {Branch} */ (codeOf(this.#trees[0])));
  }

  /** Write to the page; returns whether the written block has ended: the tail is then the text after it. */
  #writeLines() {
    const { closed, left } = /** @type {BlockWriter} */ (this.#write)(this.#text);
    this.#text = left;
    if (closed) this.#closeWriter();
    return closed;
  }

  #closeWriter() {
    this.#write = undefined;
    this.#output.offer(this.#trees);
    this.#trees = [];
  }

  /** @param {Branch[]} trees */
  #replaceTrees(trees) {
    this.#output.show(this.#trees, trees);
    this.#trees = trees;
  }

  /** @param {string} text @param {{ isOpen?: boolean, goesOn?: boolean }} [options] */
  #lex(text, options) {
    return lex(text, this.#settled.references.links, options);
  }
}
