// Shows Markdown while it arrives, in linear time. What lies before the last cut (markdown-lexer.js) is
// final and touched again only when a later link definition completes it; the tail is lexed anew with each
// drawing, at a pace set by what that costs; an open fence, which may be long, grows without lexing.
//
//   |  settled  |  tail: drawn, may change  |  pending: arrived, not drawn  |

import { codeOf } from './code-block.js';
import { fenceOf, fenceWriter } from './fence.js';
import { begunBy, behind, finished, growthOf, holding, loosen } from './growth.js';
import { cutOf, lex } from './markdown-lexer.js';
import { blocks } from './markdown-tree.js';
import { patch } from './tree.js';

/** @import { Begun, Branch, RendererOptions, Settled } from './types.js' */

/** What one frame may take of a history; the next frame goes on. */
const BUDGET_MS = 8;
/** After drawing for t ms rest 3 t: a quarter of the main thread, however long a block grows. */
const REST = 3;
const SLICE_CHARACTERS = 8000;
/** The browser looks at each child of what it lays out anew: at 2,500 blocks in one element, 8 ms a frame. */
const PART_BLOCKS = 50;

/** @param {Element} root @param {RendererOptions} [options] */
export function createRenderer(root, { highlight, onDraw, now = () => performance.now(), schedule = withFrame } = {}) {
  const { ownerDocument: document } = root;
  let [pending, tail, carriageReturn] = ['', '', '']; // of the last, the newline may still come
  /** @type {Branch[]} */
  let trees = []; // of the tail
  /** @type {Settled[]} */
  const settled = []; // as far as a definition may complete it
  let links = Object.create(null);
  /** @type {Begun | undefined} */
  let begun; // the list or table that the tail goes on with
  let writeFence; // while the tail is an open one
  let part; // of the page, the last one
  let [ended, asked, restUntil] = [false, false, 0];
  root.classList.add('markdown');

  return {
    /** Draw this behind the text so far, soon; `inFrame`: into the frame that is being made, if it may be now. */
    append(text, inFrame = false) {
      const whole = carriageReturn + text;
      carriageReturn = whole.endsWith('\r') ? '\r' : '';
      arrive(whole.slice(0, whole.length - carriageReturn.length), inFrame);
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

  function arrive(text, inFrame = false) {
    pending += text.replace(/\r\n?/g, '\n');
    if (!inFrame || asked || now() < restUntil || !draw(BUDGET_MS)) ask();
  }

  function ask() {
    if (asked) return;
    asked = true;
    schedule(() => {
      asked = false;
      if (now() < restUntil || !draw(BUDGET_MS)) ask();
    }, Math.max(0, restUntil - now()));
  }

  /** Whether nothing is left to draw after so many ms. */
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

  function take(text) {
    tail += text;
    let lexed;
    do {
      if (writeFence && !write()) return;
      lexed = text.includes('\n') ? cut() : undefined;
    } while (writeFence);
    drawTail(lexed);
  }

  /** Settle what can be; returns the tail's tokens if that yields them. */
  function cut() {
    const lines = tail.slice(0, tail.lastIndexOf('\n') + 1);
    const lexed = lex(lines, links);
    const at = cutOf(lines, lexed.tokens);
    const n = lexed.tokens.findLastIndex(({ type }) => type !== 'space');
    const last = at === lengthOf(lexed.tokens.slice(0, n)) ? lexed.tokens[n] : undefined;
    const fence = last && at + last.raw.length === lines.length && fenceOf(last);
    const growth = last && growthOf(last);
    if (at) {
      settle(tail.slice(0, at));
      tail = tail.slice(at);
    }
    if (fence) open(fence);
    if (growth) {
      settle(growth.raw, true);
      tail = growth.head + tail.slice(growth.length);
    }
    return at || fence || growth || lines !== tail ? undefined : lexed;
  }

  /** Draw a text as it stays, as far as no definition completes it; `growing`: the rest of its block follows. */
  function settle(raw, growing = false) {
    const lexed = lex(raw, links);
    const tokens = growing ? finished(lexed.tokens) : lexed.tokens;
    const final = blocks(tokens, trees, '', begun);
    const last = final.length - 1;
    const left = growing ? behind(trees[last], final[last]) : [];
    show(trees.slice(0, final.length), final);
    offer(final);
    trees = trees.slice(final.length);
    if (raw.includes('[')) settled.push({ raw, words: fold(raw), growing, begun, trees: final });
    if (begun && tokens[0]?.loose) loosen(begun);
    begun = growing ? begunBy(tokens[0], begun, final) : undefined;
    if (begun?.open) trees.unshift(holding(final[last], left));
    const labels = Object.keys(lexed.links).filter((label) => !(label in links));
    links = lexed.links;
    if (labels.length) complete(labels);
  }

  /** Draw again what may mention a label that has just been defined. */
  function complete(labels) {
    const words = labels.map((label) => label.split(' ', 1)[0]);
    for (const block of settled) {
      if (!words.some((word) => block.words.includes(word))) continue;
      const { tokens } = lex(block.raw, links);
      const completed = blocks(block.growing ? finished(tokens) : tokens, [], '', block.begun);
      show(block.trees, completed);
      block.trees = completed;
    }
  }

  function drawTail({ tokens, links: all } = lex(tail, links)) {
    // The tail's own definitions count in it, and may still change; the settled ones only become more.
    const own = Object.entries(all).filter(([label]) => !(label in links));
    const next = blocks(tokens, trees, `${Object.keys(links).length} ${JSON.stringify(own)}`, begun);
    show(trees, next);
    trees = next;
  }

  /** From now on the lines of the tail go straight to the page. */
  function open(fence) {
    drawTail(lex(fence.line));
    tail = tail.slice(fence.line.length);
    writeFence = fenceWriter(fence, codeOf(trees[0]));
  }

  /** Whether the fence closed; the tail is then what follows it. */
  function write() {
    const { closed, left } = writeFence(tail);
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
    else settle(tail);
    show(trees, []);
    [tail, trees] = ['', []];
  }

  /** @param {Branch[]} old @param {Branch[]} next */
  function show(old, next) {
    patch(old, next, document, (node) => {
      if (!part || part.childElementCount >= PART_BLOCKS) root.append((part = document.createElement('div')));
      part.append(node);
    });
  }

  function offer(final) {
    for (const tree of final) {
      const code = codeOf(tree);
      const language = code?.attributes['data-language'];
      if (language) highlight?.(code.node, language);
      else offer(tree.kids.filter((kid) => 'kids' in kid));
    }
  }
}

const lengthOf = (tokens) => tokens.reduce((sum, { raw }) => sum + raw.length, 0);

/** As marked folds labels. */
const fold = (text) => text.toLowerCase().toUpperCase().toLowerCase();

function withFrame(draw, delay) {
  if (delay > 0) setTimeout(() => requestAnimationFrame(draw), delay);
  else requestAnimationFrame(draw);
}
