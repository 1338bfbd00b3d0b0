// Where the reader is: which line of which message stands where. It is kept when a conversation is left, and while
// texts above it become higher or lower, where the browser does not see to that itself.

/** @import { Place } from '../types.js' */
/** @import { Autoscroll } from './autoscroll.js' */
/**
 * @typedef {{ article: () => Element | null | undefined, range: () => Range | undefined, at: number, place?: Place }} Anchor
 *   `at`: where that is to stand, in pixels below the log's upper edge; `place`: what it was made from
 */

const STEP_PIXELS = 14;
/** By then what is shown is drawn. */
const DRAWN_MS = 5000;
/** What a position below this is off by is only rounding. */
const ROUNDING_PIXELS = 0.75;

export class ReadingPlace {
  #log;
  #autoscroll;
  /** @type {Anchor | undefined} */
  #anchor;
  /** Whether the browser itself holds the place. */
  #isHeld;
  /** Where the log was scrolled to when that was last looked at. */
  #seen = 0;
  #isMoved = false;
  #until = 0;
  #sizes = new ResizeObserver(() => this.#keep());
  #changes = new MutationObserver((changes) => this.#changed(changes));

  /** @param {HTMLElement} log @param {Autoscroll} autoscroll */
  constructor(log, autoscroll) {
    this.#log = log;
    this.#autoscroll = autoscroll;
    this.#isHeld = getComputedStyle(log).overflowAnchor === 'auto';
    for (const article of log.querySelectorAll('article')) this.#sizes.observe(article);
    this.#changes.observe(log, { childList: true });
    const options = { passive: true };
    log.addEventListener('scroll', () => this.#scrolled(), options);
    for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown'])
      log.addEventListener(type, () => this.#isHeld && (this.#anchor = undefined), options);
  }

  /** The first line that is seen; undefined where the end is followed. @returns {Place | undefined} */
  get current() {
    if (this.#autoscroll.isFollowing) return undefined;
    if (this.#anchor?.place && performance.now() < this.#until) return this.#anchor.place;
    const line = this.#firstLine();
    const article = line?.range.startContainer.parentElement?.closest('article');
    if (!line || !article) return undefined;
    const { block, offset } = placeIn(article, line.range);
    return { message: article.dataset.id ?? '', block, offset, top: line.top };
  }

  /** Go to a place that was kept; it is found as soon as it is drawn. @param {Place} place */
  restore(place) {
    const { message, block, offset, top } = place;
    const article = () => this.#article(message);
    this.hold({ article, range: () => rangeIn(article(), block, offset), at: top, place });
  }

  /** Show this range of a message, as soon as it is there, in the upper part of the log. @param {string} message @param {() => Range | undefined} range */
  reveal(message, range) {
    this.hold({ article: () => this.#article(message), range, at: this.#log.clientHeight / 3 });
  }

  /** Keep this where it is to stand, until the reader scrolls. @param {Anchor} anchor */
  hold(anchor) {
    this.#autoscroll.release();
    this.#anchor = anchor;
    this.#seen = this.#log.scrollTop;
    this.#until = performance.now() + DRAWN_MS;
    this.#keep();
  }

  #keep() {
    if (!this.#anchor || this.#autoscroll.isFollowing) return;
    if (!this.#isHeld) this.#follow(this.#anchor);
    else if (performance.now() > this.#until) return; // from now on the browser holds it
    const top = this.#topOf(this.#anchor);
    if (top === undefined) return;
    const off = top - this.#anchor.at;
    if (Math.abs(off) < ROUNDING_PIXELS) return;
    this.#autoscroll.shift(off);
    this.#seen = this.#log.scrollTop;
  }

  /** The log may have been scrolled, and its event is yet to come: the place moves with it. @param {Anchor} anchor */
  #follow(anchor) {
    const moved = this.#log.scrollTop - this.#seen;
    if (Math.abs(moved) < 1) return;
    anchor.at -= moved;
    this.#seen = this.#log.scrollTop;
    this.#isMoved = true;
  }

  #scrolled() {
    if (this.#isHeld) return; // by the browser
    const isOurs = Math.abs(this.#log.scrollTop - this.#seen) < 1 && !this.#isMoved;
    if (isOurs) return;
    this.#keep(); // what has grown since the last frame has not been made up for yet
    this.#seen = this.#log.scrollTop;
    this.#isMoved = false;
    this.#anchor = undefined;
    if (this.#autoscroll.isFollowing) return;
    const line = this.#firstLine();
    if (!line) return;
    const { range, top } = line;
    const article = range.startContainer.parentElement?.closest('article');
    this.#anchor = { article: () => article, range: () => range, at: top };
  }

  /** @param {MutationRecord[]} changes */
  #changed(changes) {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) if (node instanceof Element) this.#sizes.observe(node);
    this.#keep();
  }

  /** @param {string} id */
  #article(id) {
    return this.#log.querySelector(`article[data-id="${CSS.escape(id)}"]`);
  }

  /** Return the first line of a text at the log's upper edge or below. */
  #firstLine() {
    const { top, bottom, left, width } = this.#log.getBoundingClientRect();
    for (let y = top + 2; y < bottom; y += STEP_PIXELS) {
      for (const share of [0.5, 0.3, 0.7]) {
        const range = caretAt(left + width * share, y);
        const text = range?.startContainer.parentElement?.closest('article .text');
        if (!range || !text || !this.#log.contains(text)) continue;
        const at = this.#rangeTop(range);
        if (at !== undefined && at + top >= y - STEP_PIXELS * 3) return { range, top: at };
      }
    }
    return undefined;
  }

  /** @param {Anchor} anchor */
  #topOf({ article, range }) {
    const found = range();
    if (found?.startContainer.isConnected) {
      const top = this.#rangeTop(found);
      if (top !== undefined) return top;
    }
    const message = article();
    return message?.isConnected ? this.#articleTop(message) : undefined;
  }

  /** Return where a range begins, without the motion by which a new message appears. @param {Range} range */
  #rangeTop(range) {
    const article = range.startContainer.parentElement?.closest('article');
    const [rect] = range.getClientRects();
    if (!article || !rect) return undefined;
    return rect.top - article.getBoundingClientRect().top + this.#articleTop(article);
  }

  /** @param {any} article */
  #articleTop(article) {
    const { offsetTop, scrollTop } = this.#log;
    if (article.getAnimations?.().length) return article.offsetTop - offsetTop - scrollTop;
    return article.getBoundingClientRect().top - this.#log.getBoundingClientRect().top;
  }
}

/** @param {number} x @param {number} y @returns {Range | undefined} one sign long, so that it has a place */
function caretAt(x, y) {
  const place = caretPlace(x, y);
  if (!(place?.node instanceof Text) || !place.node.length) return undefined;
  return signAt(place.node, place.offset);
}

/** @param {number} x @param {number} y */
function caretPlace(x, y) {
  const { caretPositionFromPoint, caretRangeFromPoint } = /** @type {any} */ (document);
  if (caretPositionFromPoint) {
    const found = caretPositionFromPoint.call(document, x, y);
    return found && { node: found.offsetNode, offset: found.offset };
  }
  const found = caretRangeFromPoint?.call(document, x, y);
  return found && { node: found.startContainer, offset: found.startOffset };
}

/** @param {Text} node @param {number} offset */
function signAt(node, offset) {
  const range = document.createRange();
  const from = Math.max(0, Math.min(offset, node.length - 1));
  range.setStart(node, from);
  range.setEnd(node, from + 1);
  return range;
}

/** Return in which block of the message's text a range begins, and after how many characters. @param {Element} article @param {Range} range */
function placeIn(article, range) {
  const text = /** @type {Element} */ (article.querySelector('.text'));
  const { startContainer: node, startOffset } = range;
  const blocks = [...text.childNodes];
  const block = blocks.findIndex((one) => one.contains(node));
  const before = document.createRange();
  before.setStart(blocks[block], 0);
  before.setEnd(node, startOffset);
  return { block, offset: before.toString().length };
}

/** @param {Element | null} article @param {number} block @param {number} offset */
function rangeIn(article, block, offset) {
  const root = article?.querySelector('.text')?.childNodes[block];
  if (!root) return undefined;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let left = offset;
  for (let node = walker.currentNode; node; node = /** @type {Node} */ (walker.nextNode())) {
    if (!(node instanceof Text)) continue;
    if (left < node.length) return signAt(node, left);
    left -= node.length;
  }
  return undefined;
}
