// Blocks of Markdown, line by line, as the appendix of the CommonMark specification describes it: each line first goes
// on with open blocks, then opens others, and what remains of it is text. The time is linear, for a line meets at most
// DEEPEST containers.

import { Ahead } from './ahead.js';
import { CONTAINERS } from './containers.js';
import { goOn } from './continuations.js';
import { closeParagraph } from './definitions.js';
import { Line } from './line.js';
import { isLoose, markBlank } from './lists.js';
import { start } from './starts.js';

/** @import { BlockNode, Links } from '../../types.js' */

/** Deeper nesting is text. */
const DEEPEST = 50;

/** @param {string} source @param {{ goesOn?: boolean, isEnd?: boolean }} [options] as those of `lex` */
export function parseBlocks(source, options = {}) {
  const parser = new BlockParser(source, options);
  parser.parse();
  return parser;
}

export class BlockParser {
  root = newNode('document', 0);
  /** The innermost open block. */
  tip = this.root;
  /** The innermost one that the current line goes on with, or has opened. */
  matched = this.root;
  line = new Line('');
  /** Where the current line begins in the source. */
  at = 0;
  /** @type {Links} */
  links = Object.create(null);
  /** Where the last block begins: what stands before it is final. */
  cut = 0;
  /** The block at the end, if the next line may go on with it. @type {BlockNode | undefined} */
  last;
  /** The block that was opened last. @type {BlockNode | undefined} */
  #opened;
  #depth = 0;
  #source;

  /** @param {string} source @param {{ goesOn?: boolean, isEnd?: boolean }} options */
  constructor(source, options) {
    this.#source = source;
    this.ahead = new Ahead(source, options);
  }

  parse() {
    const { length } = this.#source;
    for (let end; this.at < length; this.at = end + 1) {
      end = this.#source.indexOf('\n', this.at);
      if (end < 0) end = length;
      this.line = new Line(this.#source.slice(this.at, end));
      this.#take();
    }
    const end = this.root.kids.at(-1);
    this.cut = end?.began ?? end?.start ?? 0;
    const isHeading = this.#opened?.type === 'heading' && !this.#source.endsWith('\n');
    this.last = isHeading ? this.#opened : this.tip; // a heading is closed with its line
    while (this.tip !== this.root) this.close(this.tip);
  }

  /** Whether another container may open. */
  get hasDepth() {
    return this.#depth < DEEPEST;
  }

  /** Open a block on this line, after closing those that the line does not go on with. @param {string} type @param {object} [more] */
  open(type, more) {
    this.closeUnmatched();
    while (!holds(this.tip, type)) this.close(this.tip);
    const node = Object.assign(newNode(type, this.at), { parent: this.tip }, more);
    this.tip.kids.push(node);
    if (isCounted(node)) this.#depth++;
    this.tip = this.matched = this.#opened = node;
    return node;
  }

  /** @param {BlockNode} node the innermost open one */
  close(node) {
    node.isOpen = false;
    if (node.type === 'paragraph') closeParagraph(node, this.links);
    if (node.type === 'list') node.loose = isLoose(node);
    if (isCounted(node)) this.#depth--;
    this.tip = node.parent ?? node;
    if (this.matched === node) this.matched = this.tip;
  }

  closeUnmatched() {
    while (this.tip !== this.matched) this.close(this.tip);
  }

  #take() {
    if (this.#goOn() === 'closed') return;
    let opened;
    do opened = acceptsLines(this.matched) ? 'leaf' : start(this, this.matched);
    while (opened === 'container');
    if (opened === 'done') return;
    const { line, tip } = this;
    const isLazy = tip !== this.matched && tip.type === 'paragraph' && !line.isBlank;
    if (!isLazy) {
      this.closeUnmatched();
      markBlank(this.matched, line.isBlank, this.at);
    }
    this.#addText();
  }

  /** Go on with open blocks. */
  #goOn() {
    this.matched = this.root;
    for (let next; (next = this.matched.kids.at(-1))?.isOpen;) {
      const went = goOn(next, this.line);
      if (!went) break;
      this.matched = next;
      if (went === 'closed') {
        this.closeUnmatched();
        this.close(next);
        return went;
      }
    }
    return undefined;
  }

  #addText() {
    const { line, tip } = this;
    if (acceptsLines(tip)) tip.lines.push(line.rest);
    else if (tip.type === 'paragraph' || tip.type === 'table' || !line.isBlank) {
      const holder =
        tip.type === 'paragraph' || tip.type === 'table' ? tip : this.open('paragraph');
      holder.lines.push(line.words);
      (holder.starts ??= []).push(this.at);
      (holder.indents ??= []).push(line.indent);
    }
  }
}

/** Whether lines become part of it as they are. @param {BlockNode} node */
const acceptsLines = ({ type }) => type === 'code' || type === 'extension';

/** A list and its item count once. @param {BlockNode} node */
const isCounted = ({ type }) => CONTAINERS.has(type) && type !== 'list';

/** @param {BlockNode} node @param {string} type */
const holds = (node, type) =>
  CONTAINERS.has(node.type) && (node.type === 'list') === (type === 'list_item');

/** @param {string} type @param {number} start @returns {BlockNode} */
function newNode(type, start) {
  return { type, start, kids: [], lines: [], isOpen: true };
}
