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
 * Returns what typesets a formula in an element that holds its source. `start` makes a Worker; `soon` calls with the
 * next frame, `later` after a time.
 */
export function createTypesetter({
  start = () => startWorker('markdown/math-worker.js'),
  soon = (/** @type {() => void} */ run) => void requestAnimationFrame(run),
  later = (/** @type {() => void} */ run, /** @type {number} */ ms) => setTimeout(run, ms),
  now = () => performance.now(),
} = {}) {
  /** What is asked of the Worker, in its order. @type {Map<string, Job>} */
  const asked = new Map();
  /** Those that cannot be typeset are undefined. @type {Map<string, Element | undefined>} */
  const known = new Map();
  /** @type {{ job: Job, key: string, tree?: MathTree }[]} */
  const read = [];
  /** @type {Worker | undefined} */
  let worker;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isMissing = false;

  /** @param {Element} node @param {Formula} formula @param {() => void} [onDrawn] */
  return function typeset(node, formula, onDrawn) {
    const key = `${formula.display} ${formula.content}`;
    if (isMissing || formula.content.length > LONGEST) return show(node, undefined);
    if (known.has(key)) return show(node, known.get(key));
    const place = { node, onDrawn };
    hideFormula(node, later);
    const job = asked.get(key) ?? read.find((found) => found.key === key)?.job;
    if (job) return void job.places.push(place);
    asked.set(key, { formula, places: [place] });
    ask(key, formula);
  };

  /** @param {string} key @param {Formula} formula */
  function ask(key, { content, display }) {
    try {
      worker ??= begin();
    } catch {
      return giveUp(); // no Workers here
    }
    worker.postMessage({ key, content, display });
    timer ??= later(restart, LOADING_MS);
  }

  function begin() {
    const begun = start();
    begun.onerror = giveUp;
    begun.onmessage = ({ data }) => {
      clearTimeout(timer);
      if (data === 'missing') return giveUp();
      if (data !== 'loaded') receive(data.key, data.tree);
      timer = asked.size ? later(restart, DEADLINE_MS) : undefined;
    };
    return begun;
  }

  /** @param {string} key @param {MathTree} [tree] */
  function receive(key, tree) {
    const job = asked.get(key);
    if (!job) return;
    asked.delete(key);
    if (!read.length) soon(draw);
    read.push({ job, key, tree });
  }

  /** The formula that the Worker is reading takes too long. */
  function restart() {
    worker?.terminate();
    [worker, timer] = [undefined, undefined];
    const [first] = asked.keys();
    if (first !== undefined) receive(first);
    for (const [key, { formula }] of asked) ask(key, formula);
  }

  /** There is no library: from now on all formulas are shown as they were written. */
  function giveUp() {
    isMissing = true;
    clearTimeout(timer);
    worker?.terminate();
    for (const { places } of asked.values())
      for (const { node } of places) node.removeAttribute('data-waiting');
    asked.clear();
  }

  function draw() {
    const end = now() + SLICE_MS;
    let room = FRAME_CHARACTERS;
    const drawn = new Set();
    while (read.length) {
      const { job, key, tree } = /** @type {typeof read[number]} */ (read.shift());
      const { ownerDocument } = job.places[0].node;
      const element = tree && mathElement(tree, ownerDocument, job.formula.content.trim());
      keep(key, element);
      for (const { node, onDrawn } of job.places) {
        show(node, element);
        if (onDrawn) drawn.add(onDrawn);
      }
      room -= job.formula.content.length;
      if (room < 0 || now() > end) break;
    }
    for (const onDrawn of drawn) onDrawn();
    if (read.length) soon(draw);
  }

  /** @param {string} key @param {Element | undefined} element */
  function keep(key, element) {
    known.set(key, element);
    const [oldest] = known.keys();
    if (known.size > KEPT) known.delete(oldest);
  }
}

/** A pointer that rests on a formula shows its source. @param {Element} node @param {Element | undefined} element */
function show(node, element) {
  node.removeAttribute('data-waiting');
  if (!element) return;
  node.replaceChildren(element.cloneNode(true));
  node.setAttribute('title', element.getAttribute('alttext') ?? '');
}
