// Formulas on the page: a Worker reads each once, the page makes elements of what it finds, a few milliseconds a
// frame. Whatever goes wrong, or takes too long, the source is shown as it was written.

import { hideFormula } from './formula.js';
import { mathElement } from './mathml.js';
import { startWorker } from '../system/workers.js';

/** @import { Formula, MathTree } from '../types.js' */

/** A longer one is shown as its source. */
const LONGEST = 1200;
/** One formula takes a hundredth of it. */
const DEADLINE_MS = 1500;
/** For the Worker's files. */
const LOADING_MS = 20_000;
/** What a frame takes: so many characters of source are laid out in time, and more are not made. */
const FRAME_CHARACTERS = 120;
const SLICE_MS = 2;
/** How many are kept: the same formula may be drawn again. */
const KEPT = 500;

/** @typedef {{ node: Element, onDrawn?: () => void }} Place */
/** @typedef {{ formula: Formula, places: Place[] }} Job */
/**
 * @typedef {{
 *   start?: () => Worker,
 *   soon?: (run: () => void) => void,
 *   later?: (run: () => void, ms: number) => ReturnType<typeof setTimeout>,
 *   now?: () => number,
 * }} Options `start` makes a Worker; `soon` calls with the next frame, `later` after a time.
 */

/** Return what typesets a formula in an element that holds its source. @param {Options} [options] */
export function createTypesetter(options) {
  const typesetter = new Typesetter(options);
  /** @param {Element} node @param {Formula} formula @param {() => void} [onDrawn] */
  return (node, formula, onDrawn) => typesetter.typeset(node, formula, onDrawn);
}

class Typesetter {
  /** What is asked of the Worker, in its order. @type {Map<string, Job>} */
  #asked = new Map();
  /** Those that cannot be typeset are undefined. @type {Map<string, Element | undefined>} */
  #known = new Map();
  /** @type {{ job: Job, key: string, tree?: MathTree }[]} */
  #read = [];
  /** @type {Worker | undefined} */
  #worker;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isMissing = false;
  #start;
  #soon;
  #later;
  #now;

  /** @param {Options} [options] */
  constructor({
    start = () => startWorker('markdown/math-worker.js'),
    soon = (run) => void requestAnimationFrame(run),
    later = (run, ms) => setTimeout(run, ms),
    now = () => performance.now(),
  } = {}) {
    this.#start = start;
    this.#soon = soon;
    this.#later = later;
    this.#now = now;
  }

  /** Typeset a formula in an element that holds its source. @param {Element} node @param {Formula} formula @param {() => void} [onDrawn] */
  typeset(node, formula, onDrawn) {
    const key = `${formula.display} ${formula.content}`;
    if (this.#isMissing || formula.content.length > LONGEST) return show(node, undefined);
    if (this.#known.has(key)) return show(node, this.#known.get(key));
    const place = { node, onDrawn };
    hideFormula(node, this.#later);
    const job = this.#asked.get(key) ?? this.#read.find((found) => found.key === key)?.job;
    if (job) return void job.places.push(place);
    this.#asked.set(key, { formula, places: [place] });
    this.#ask(key, formula);
  }

  /** @param {string} key @param {Formula} formula */
  #ask(key, { content, display }) {
    try {
      this.#worker ??= this.#begin();
    } catch {
      return this.#giveUp(); // no Workers here
    }
    this.#worker.postMessage({ key, content, display });
    this.#timer ??= this.#later(() => this.#restart(), LOADING_MS);
  }

  #begin() {
    const begun = this.#start();
    begun.onerror = () => this.#giveUp();
    begun.onmessage = ({ data }) => {
      clearTimeout(this.#timer);
      if (data === 'missing') return this.#giveUp();
      if (data !== 'loaded') this.#receive(data.key, data.tree);
      this.#timer = this.#asked.size ? this.#later(() => this.#restart(), DEADLINE_MS) : undefined;
    };
    return begun;
  }

  /** @param {string} key @param {MathTree} [tree] */
  #receive(key, tree) {
    const job = this.#asked.get(key);
    if (!job) return;
    this.#asked.delete(key);
    if (!this.#read.length) this.#soon(() => this.#draw());
    this.#read.push({ job, key, tree });
  }

  /** The formula that the Worker is reading takes too long. */
  #restart() {
    this.#worker?.terminate();
    [this.#worker, this.#timer] = [undefined, undefined];
    const [first] = this.#asked.keys();
    if (first !== undefined) this.#receive(first);
    for (const [key, { formula }] of this.#asked) this.#ask(key, formula);
  }

  /** There is no library: from now on all formulas are shown as they were written. */
  #giveUp() {
    this.#isMissing = true;
    clearTimeout(this.#timer);
    this.#worker?.terminate();
    for (const { places } of this.#asked.values())
      for (const { node } of places) node.removeAttribute('data-waiting');
    this.#asked.clear();
  }

  #draw() {
    const end = this.#now() + SLICE_MS;
    let room = FRAME_CHARACTERS;
    const drawn = new Set();
    for (let found; (found = this.#read.shift());) {
      for (const onDrawn of this.#show(found)) drawn.add(onDrawn);
      room -= found.job.formula.content.length;
      if (room < 0 || this.#now() > end) break;
    }
    for (const onDrawn of drawn) onDrawn();
    if (this.#read.length) this.#soon(() => this.#draw());
  }

  /** Show a formula in all its places; return what wants to hear of that. @param {{ job: Job, key: string, tree?: MathTree }} found */
  #show({ job: { formula, places }, key, tree }) {
    const { ownerDocument } = places[0].node;
    const element = tree && mathElement(tree, ownerDocument, formula.content.trim());
    this.#keep(key, element);
    for (const { node } of places) show(node, element);
    return places.flatMap(({ onDrawn }) => onDrawn ?? []);
  }

  /** @param {string} key @param {Element | undefined} element */
  #keep(key, element) {
    this.#known.set(key, element);
    const [oldest] = this.#known.keys();
    if (this.#known.size > KEPT) this.#known.delete(oldest);
  }
}

/** A pointer that rests on a formula shows its source. @param {Element} node @param {Element | undefined} element */
function show(node, element) {
  node.removeAttribute('data-waiting');
  if (!element) return;
  node.replaceChildren(element.cloneNode(true));
  node.setAttribute('title', element.getAttribute('alttext') ?? '');
}
