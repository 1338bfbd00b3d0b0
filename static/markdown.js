// Shows Markdown while it arrives, in linear time. What lies before the last cut (markdown-lexer.js) is
// final and touched again only when a later link definition completes it; the tail is lexed anew with each
// drawing, at a pace set by what that costs; an open fence, which may be long, grows without lexing.
//
//   |  settled  |  tail: drawn, may change  |  pending: arrived, not drawn  |

import { codeOf } from './code-block.js';
import { fenceOf, fenceWriter } from './fence.js';
import { cutOf, lex } from './markdown-lexer.js';
import { blocks } from './markdown-tree.js';
import { patch } from './tree.js';

/** @import { Branch, Fence, FenceWriter, Links, Options } from './markdown-types.js' */

/** What one frame may take of a history; the next frame goes on. */
const BUDGET_MS = 8;
/** After drawing for t ms rest 3 t: a quarter of the main thread, however long a list grows. */
const REST = 3;
const SLICE_CHARACTERS = 8000;
/** The browser looks at each child of what it lays out anew: at 2,500 blocks in one element, 8 ms a frame. */
const PART_BLOCKS = 50;

/** @param {Element} root @param {Options} [options] */
export function createRenderer(root, { highlight, onDraw, now = () => performance.now(), schedule = withFrame } = {}) {
  let [source, pending, tail] = ['', '', ''];
  let carriageReturn = ''; // whose newline may still come
  /** @type {Branch[]} */
  let trees = []; // of the tail
  /** @type {{ raw: string, words: string, trees: Branch[] }[]} */
  const settled = []; // as far as a definition may complete it
  /** @type {Links} */
  let links = Object.create(null);
  /** @type {FenceWriter | undefined} */
  let writeFence; // while the tail is an open one
  /** @type {Element | undefined} */
  let part; // of the page, the last one
  let [ended, asked, restUntil] = [false, false, 0];
  root.classList.add('markdown');

  return {
    /** All text so far, with `\n` as its only line end. */
    get source() {
      return source;
    },

    /** Draw this behind the text so far, soon. @param {string} text */
    append(text) {
      const whole = carriageReturn + text;
      carriageReturn = whole.endsWith('\r') ? '\r' : '';
      arrive(whole.slice(0, whole.length - carriageReturn.length));
    },

    /** No more text comes: what there is is final, soon. */
    finish() {
      ended = true;
      arrive(carriageReturn);
      carriageReturn = '';
    },

    /** Draw all there is, now. */
    flush: () => void draw(Infinity),
  };

  /** @param {string} text */
  function arrive(text) {
    const lines = text.replace(/\r\n?/g, '\n');
    source += lines;
    pending += lines;
    ask();
  }

  function ask() {
    if (asked) return;
    asked = true;
    schedule(() => {
      asked = false;
      if (now() < restUntil || !draw(BUDGET_MS)) ask();
    }, Math.max(0, restUntil - now()));
  }

  /** Whether nothing is left to draw. @param {number} budget in ms */
  function draw(budget) {
    const began = now();
    while (pending && now() - began < budget) take(slice());
    if (ended && !pending) end();
    onDraw?.(); // before the clock is read: who scrolls there has the page laid out
    restUntil = pending ? 0 : now() + REST * (now() - began);
    return !pending;
  }

  /** Slices grow with the tail, or a long one would be lexed too often. */
  function slice() {
    const most = Math.max(SLICE_CHARACTERS, tail.length);
    const end = most < pending.length ? pending.lastIndexOf('\n', most) + 1 || most : most;
    const slice = pending.slice(0, end);
    pending = pending.slice(end);
    return slice;
  }

  /** @param {string} text */
  function take(text) {
    tail += text;
    let lexed;
    do {
      if (writeFence && !write(writeFence)) return;
      lexed = text.includes('\n') ? cut() : undefined;
    } while (writeFence);
    drawTail(lexed);
  }

  /** Settle what can be; returns the tail's tokens if that yields them. */
  function cut() {
    const lines = tail.slice(0, tail.lastIndexOf('\n') + 1);
    const lexed = lex(lines, links);
    const at = cutOf(lines, lexed.tokens);
    const last = lexed.tokens.at(-1);
    const fence = last && at + last.raw.length === lines.length ? fenceOf(last) : undefined;
    if (at) settle(at);
    if (fence) open(fence);
    return at || fence || lines !== tail ? undefined : lexed;
  }

  /** Make the beginning of the tail final. @param {number} end */
  function settle(end) {
    const raw = tail.slice(0, end);
    tail = tail.slice(end);
    const lexed = lex(raw, links);
    const final = blocks(lexed.tokens, trees);
    show(trees.slice(0, final.length), final);
    trees = trees.slice(final.length);
    offer(final);
    if (raw.includes('[')) settled.push({ raw, words: fold(raw), trees: final });
    const labels = Object.keys(lexed.links).filter((label) => !(label in links));
    links = lexed.links;
    if (labels.length) complete(labels);
  }

  /** Draw again what may mention a label that has just been defined. @param {string[]} labels */
  function complete(labels) {
    const words = labels.map((label) => label.split(' ', 1)[0]);
    for (const block of settled) {
      if (!words.some((word) => block.words.includes(word))) continue;
      const completed = blocks(lex(block.raw, links).tokens);
      show(block.trees, completed);
      block.trees = completed;
    }
  }

  function drawTail({ tokens, links: all } = lex(tail, links)) {
    // The tail's own definitions count in it, and may still change; the settled ones only become more.
    const own = Object.entries(all).filter(([label]) => !(label in links));
    const next = blocks(tokens, trees, `${Object.keys(links).length} ${JSON.stringify(own)}`);
    show(trees, next);
    trees = next;
  }

  /** From now on the lines of the tail go straight to the page. @param {Fence} fence */
  function open(fence) {
    drawTail(lex(fence.line));
    tail = tail.slice(fence.line.length);
    writeFence = fenceWriter(fence, codeOf(trees[0]));
  }

  /** Whether the fence closed; the tail is then what follows it. @param {FenceWriter} fence */
  function write(fence) {
    const { closed, left } = fence(tail);
    tail = left;
    if (closed) shut();
    return closed;
  }

  function shut() {
    writeFence = undefined;
    offer(trees);
    trees = [];
  }

  function end() {
    writeFence?.(tail, true);
    if (writeFence) shut();
    else settle(tail.length);
    show(trees, []);
    [tail, trees] = ['', []];
  }

  /** @param {Branch[]} old @param {Branch[]} next */
  function show(old, next) {
    patch(old, next, root.ownerDocument, (node) => {
      if (!part || part.childElementCount >= PART_BLOCKS) root.append((part = root.ownerDocument.createElement('div')));
      part.append(node);
    });
  }

  /** @param {any[]} final */
  function offer(final) {
    for (const tree of final) {
      const code = codeOf(tree);
      const language = code?.attributes['data-language'];
      if (language) highlight?.(code.node, language);
      else offer(tree.kids.filter((/** @type {object} */ kid) => 'kids' in kid));
    }
  }
}

/** As marked folds labels. @param {string} text */
const fold = (text) => text.toLowerCase().toUpperCase().toLowerCase();

/** @param {() => void} draw @param {number} delay */
function withFrame(draw, delay) {
  if (delay > 0) setTimeout(() => requestAnimationFrame(draw), delay);
  else requestAnimationFrame(draw);
}
