// Colours for finished code without a node more: a Worker finds the coloured parts (colouring.js), and the CSS
// Custom Highlight API paints ranges of the text (::highlight() in markdown.css). Only chunks near the screen have
// ranges: the browser checks all that exist after each change of the page.

import { colouring } from './colouring.js';
import { COLOUR_NAMES, languageCalled } from './languages.js';
import { separatorBefore, writtenIn } from './growing-text.js';
import { startWorker } from '../system/workers.js';

/** Longer code stays plain; it would be copied to the Worker whole. */
const MOST_CHARACTERS = 500_000;
/** What making ranges may take of the main thread in one go. */
const SLICE_MS = 8;

/** @import { CodeNearby, ColouredChunk } from '../types.js' */

/** Colours the code near the screen. Where the browser cannot highlight, every method does nothing. */
export class Highlighter {
  #parts;
  /** @type {Map<Element, CodeNearby>} */
  #codes = new Map();
  /** @type {WeakMap<Element, ColouredChunk>} */
  #chunks = new WeakMap();
  #painter = new Painter();
  #observer;

  /** @param {{ parts?: ReturnType<typeof colouring> }} [options] */
  constructor({ parts = partsByWorker() } = {}) {
    this.#parts = parts;
    this.#observer = 'highlights' in CSS ? this.#newObserver() : undefined;
  }

  /** Colour a complete `<code>`; `word` stands after its fence. @param {Element} code @param {string} word */
  add(code, word) {
    const language = languageCalled(word);
    if (!this.#observer || !language || code.textContent.length > MOST_CHARACTERS) return;
    /** @type {CodeNearby} */
    const known = { language, element: code, chunks: [] };
    this.#codes.set(code, known);
    for (const element of code.children) {
      const node = /** @type {Text} */ (element.firstChild);
      /** @type {ColouredChunk} */
      const chunk = { code: known, element, node, parts: [], ranges: [] };
      known.chunks.push(chunk);
      this.#chunks.set(element, chunk);
      this.#observer.observe(element);
    }
  }

  /** Forget the code within an element that leaves the page. @param {Element} root */
  forget(root) {
    for (const [code, known] of this.#codes) {
      if (!root.contains(code)) continue;
      known.gone = true;
      for (const chunk of known.chunks) {
        this.#observer?.unobserve(chunk.element);
        this.#approach(chunk, false);
      }
      this.#codes.delete(code);
    }
  }

  /** Colour all code, however far from the screen. */
  async colourAll() {
    for (const chunk of this.#allChunks()) this.#approach(chunk, true);
    await Promise.all([...this.#codes.values()].map(({ asked }) => asked));
    this.paintKnown();
  }

  /** Paint now what is known of colours. */
  paintKnown() {
    for (const chunk of this.#allChunks()) {
      chunk.near = true;
      paint(chunk, Infinity);
    }
  }

  /** From now on only code near the screen has colours, again. */
  colourNear() {
    for (const { element } of this.#allChunks()) {
      this.#observer?.unobserve(element);
      this.#observer?.observe(element); // it tells where each is
    }
  }

  #newObserver() {
    return new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries)
        this.#approach(/** @type {ColouredChunk} */ (this.#chunks.get(target)), isIntersecting);
    }, /** @type {IntersectionObserverInit} */ ({ scrollMargin: '300px' }));
  }

  /** @param {ColouredChunk} chunk @param {boolean} near */
  #approach(chunk, near) {
    const { code } = chunk;
    chunk.near = near;
    this.#painter.settle(chunk);
    if (!near || code.asked) return;
    const asked = this.#parts(code.language, writtenIn(code.element), () => !code.gone);
    code.asked = asked.then((found) => {
      share(found, code.chunks);
      for (const each of code.chunks) this.#painter.settle(each);
    });
  }

  #allChunks() {
    return [...this.#codes.values()].flatMap(({ chunks }) => chunks);
  }
}

const partsByWorker = () =>
  colouring({ start: () => startWorker('markdown/highlight-worker.js'), memory: tabMemory() });

/** Gives chunks their ranges and takes them away, a slice of the main thread at a time. */
class Painter {
  /** @type {Set<ColouredChunk>} those whose ranges are not what they should be */
  #due = new Set();
  #isWorking = false;

  /** @param {ColouredChunk} chunk */
  settle(chunk) {
    this.#due.add(chunk);
    if (!this.#isWorking) this.#work();
  }

  async #work() {
    this.#isWorking = true;
    while (this.#due.size) {
      await idle();
      const end = performance.now() + SLICE_MS;
      for (const chunk of this.#due) {
        if (paint(chunk, end)) this.#due.delete(chunk);
        if (performance.now() > end) break;
      }
    }
    this.#isWorking = false;
  }
}

/** Go on until `end` with making or removing a chunk's ranges; returns whether that is done. @param {ColouredChunk} chunk @param {number} end */
function paint({ near, node, parts, ranges }, end) {
  const wanted = near ? parts.length / 3 : 0;
  for (let n = 1; ranges.length !== wanted; n++) {
    if (n % 100 === 0 && performance.now() > end) return false;
    if (ranges.length > wanted) {
      const last = ranges.pop();
      last?.highlight.delete(last.range);
      continue;
    }
    const [colour, startOffset, endOffset] = parts.slice(ranges.length * 3, ranges.length * 3 + 3);
    const name = `code-${COLOUR_NAMES[colour]}`;
    const highlight = CSS.highlights.get(name) ?? new Highlight();
    CSS.highlights.set(name, highlight);
    const range = new StaticRange({
      startContainer: node,
      startOffset,
      endContainer: node,
      endOffset,
    });
    highlight.add(range);
    ranges.push({ highlight, range });
  }
  return true;
}

/** Tell each chunk its coloured parts. @param {Int32Array} found @param {ColouredChunk[]} chunks */
export function share(found, chunks) {
  let i = 0;
  let start = 0;
  for (const { element, node, parts } of chunks) {
    start += separatorBefore(element).length;
    const end = start + node.length;
    while (i < found.length && found[i + 2] <= start) i += 3;
    for (let n = i; n < found.length && found[n + 1] < end; n += 3) {
      parts.push(
        found[n],
        Math.max(found[n + 1], start) - start,
        Math.min(found[n + 2], end) - start,
      );
    }
    start = end;
  }
}

function tabMemory() {
  try {
    return sessionStorage;
  } catch {
    return undefined; // forbidden here
  }
}

function idle() {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(resolve, { timeout: 1000 });
    else setTimeout(resolve, 50);
  });
}
