// Shows Markdown while it arrives, in linear time. What lies before the last cut (markdown-lexer.js) is
// final and touched again only when a later link definition completes it; the tail is lexed anew with each
// drawing, at a pace set by what that costs; an open fence, which may be long, grows without lexing.
//
//   |  settled  |  tail: drawn, may change  |  pending: arrived, not drawn  |
// A block that does not come to an end is cut all the same (force): what follows is lexed alone or shown as written.

import { codeOf, lastCodeIn } from './code-block.js';
import { fenceOf, fenceWriter, openFenceIn, plainWriter } from './fence.js';
import { begunBy, behind, finished, growthOf, holding, loosen } from './long-blocks.js';
import { cutOf, lex } from './lexer.js';
import { blocks } from './blocks.js';
import { References } from './references.js';
import { endOfLine } from './growing-text.js';
import { branch, patch } from './vdom.js';

/** @import { Begun, Branch, RendererOptions, Settled, Token } from '../types.js' */

/** What one frame may take of a history; the next frame goes on. */
const BUDGET_MS = 6;
/** After drawing for t ms rest 3 t: a quarter of the main thread, however long a block grows. */
const REST = 3;
const [SLICE_CHARACTERS, SLICE_LINES] = [2000, 50];
/** The browser lays out in time what so many characters make, whatever they are. */
const FRAME_CHARACTERS = 4000;
/** What is lexed in one go; a longer block is cut. */
const LONGEST_TAIL = 16_000;
/** The browser looks at each child of what it lays out anew: at 2,500 blocks in one element, 8 ms a frame. */
const PART_BLOCKS = 50;

/** @param {Element} root @param {RendererOptions} [options] */
export function createRenderer(
  root,
  { highlight, onDraw, now = () => performance.now(), schedule = withFrame } = {},
) {
  const { ownerDocument: document } = root;
  let [pending, tail, carriageReturn] = ['', '', '']; // after the last the newline may still come
  /** @type {Branch[]} */
  let trees = []; // of the tail
  const references = new References();
  const { links, incomplete } = references;
  /** @type {Begun | undefined} */
  let begun; // the list or table that the tail goes on with
  let write; // while the tail is an open fence, or the rest of what is too long
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
    finish(inFrame = false) {
      ended = true;
      arrive(carriageReturn, inFrame);
      carriageReturn = '';
    },

    /** Draw all there is, now. */
    flush: () => void draw(Infinity, Infinity),
  };

  function arrive(text, inFrame = false) {
    pending += text.replace(/\r\n?/g, '\n');
    if (!inFrame || asked || now() < restUntil || !draw(BUDGET_MS)) ask();
  }

  function ask() {
    if (asked) return;
    asked = true;
    schedule(
      () => {
        asked = false;
        if (now() < restUntil || !draw(BUDGET_MS)) ask();
      },
      Math.max(0, restUntil - now()),
    );
  }

  /** Whether nothing is left to draw after so many ms. */
  function draw(budget, most = FRAME_CHARACTERS) {
    const began = now();
    const left = Math.max(0, pending.length - most);
    while (pending.length > left && now() - began < budget) take(slice());
    if (ended && !pending) end();
    for (const block of incomplete) {
      if (pending || now() - began >= budget) break;
      complete(block);
    }
    onDraw?.(); // before the clock is read: who scrolls there has the page laid out
    const done = !pending && !incomplete.size;
    restUntil = done ? now() + REST * (now() - began) : 0;
    return done;
  }

  /** Slices grow with the tail, or a long one would be lexed too often. */
  function slice() {
    const most = write
      ? SLICE_CHARACTERS
      : Math.min(Math.max(SLICE_CHARACTERS, tail.length), LONGEST_TAIL - tail.length);
    const lines = most <= SLICE_CHARACTERS ? endOfLine(pending.slice(0, most), SLICE_LINES) : 0;
    const end =
      lines || (most < pending.length ? pending.lastIndexOf('\n', most - 1) + 1 || most : most);
    const slice = pending.slice(0, end);
    pending = pending.slice(end);
    return slice;
  }

  function take(text) {
    tail += text;
    let lexed;
    do {
      if (write && !advance()) return;
      lexed = tail.includes('\n') && text.includes('\n') ? cut() : undefined;
    } while (write);
    if (tail.length >= LONGEST_TAIL) force(lexed?.tokens ?? lex(tail, links).tokens);
    else drawTail(lexed);
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

  /** Settle a tail that is too long as it is, and go on in its line, paragraph or fence. @param {Token[]} tokens */
  function force(tokens) {
    const lines = tail.lastIndexOf('\n') + 1;
    const inLine = lines < tail.length / 2; // that line alone is too long
    const at = inLine ? tail.length : lines;
    const last = tokens.at(-1);
    const fence = inLine ? undefined : openFenceIn(last, tail.slice(0, at));
    const final = settle(tail.slice(0, at), false, Boolean(fence));
    const code = fence && lastCodeIn(final.at(-1));
    tail = tail.slice(at);
    show(trees, []);
    trees = [];
    if (code) {
      trees = final;
      write = fenceWriter(fence, code);
    } else if (inLine || last.type === 'paragraph') {
      show([], (trees = [branch('p')]));
      write = plainWriter(trees[0], last.type !== 'paragraph');
    }
    if (tail && (!write || advance())) drawTail();
  }

  /**
   * Draw a text as it stays, as far as no definition completes it, and return its trees; `growing`: more items or
   * rows of its block follow; `open`: more of its last fence.
   */
  function settle(raw, growing = false, open = false) {
    const lexed = lex(raw, links);
    const tokens = growing ? finished(lexed.tokens) : lexed.tokens;
    const final = blocks(tokens, trees, '', begun);
    const last = final.length - 1;
    const left = growing ? behind(trees[last], final[last]) : [];
    show(trees.slice(0, final.length), final);
    trees = trees.slice(final.length);
    if (!open) {
      offer(final);
      references.remember({ raw, growing, begun, trees: final });
    }
    if (begun && tokens[0]?.loose) loosen(begun);
    begun = growing ? begunBy(tokens[0], begun, final) : undefined;
    if (begun?.open) trees.unshift(holding(final[last], left));
    references.define(lexed.links);
    return final;
  }

  /** Draw again what mentions a label that has been defined after it. @param {Settled} block */
  function complete(block) {
    incomplete.delete(block);
    const { tokens } = lex(block.raw, links);
    const completed = blocks(block.growing ? finished(tokens) : tokens, [], '', block.begun);
    show(block.trees, completed);
    block.trees = completed;
  }

  function drawTail(lexed = lex(tail, links)) {
    // The tail's own definitions count in it, and may still change; the settled ones only become more.
    const next = blocks(lexed.tokens, trees, references.version(lexed.links), begun);
    show(trees, next);
    trees = next;
  }

  /** From now on the lines of the tail go straight to the page. */
  function open(fence) {
    drawTail(lex(fence.line));
    tail = tail.slice(fence.line.length);
    write = fenceWriter(fence, codeOf(trees[0]));
  }

  /** Whether what is written straight to the page has ended; the tail is then what follows it. */
  function advance() {
    const { closed, left } = write(tail);
    tail = left;
    if (closed) shut();
    return closed;
  }

  function shut() {
    write = undefined;
    offer(trees);
    trees = [];
  }

  function end() {
    write?.(tail, true);
    if (write) shut();
    else if (tail) settle(tail);
    show(trees, []);
    [tail, trees] = ['', []];
  }

  /** @param {Branch[]} old @param {Branch[]} next */
  function show(old, next) {
    patch(old, next, document, (node) => {
      if (!part || part.childElementCount >= PART_BLOCKS)
        root.append((part = document.createElement('div')));
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

function withFrame(draw, delay) {
  if (delay > 0) setTimeout(() => requestAnimationFrame(draw), delay);
  else requestAnimationFrame(draw);
}
