// Shows Markdown while it arrives, in linear time.
//
//   |  settled  |  tail: drawn, may change  |  incoming: arrived, not drawn  |
//
// A frame takes slices of the incoming text into the tail until its budget is spent; the tail settles what is final.

import { BlockOutput } from './block-output.js';
import { citations } from './cited.js';
import { DrawSchedule } from './draw-schedule.js';
import { entitiesLoading } from './entities.js';
import { Footnotes } from './footnotes.js';
import { IncomingText } from './incoming-text.js';
import { mathematics } from './math.js';
import { register } from './parser/rules.js';
import { SettledBlocks } from './settled-blocks.js';
import { Tail } from './tail.js';

/** @import { RendererOptions } from '../types.js' */

/** A frame's text: the browser lays out in time what so many characters make, whatever they are. */
const FRAME_CHARACTERS = 4000;
/** A line counts as so many characters more: thousands of tiny blocks are the dearest text to lay out. */
const LINE_CHARACTERS = 20;

register(mathematics);
register(citations);

/** @param {Element} root @param {RendererOptions} [options] */
export const createRenderer = (root, options) => new Renderer(root, options);

class Renderer {
  #incoming = new IncomingText();
  #settled;
  #tail;
  #footnotes;
  #schedule;
  #onDraw;
  /** @type {Promise<void> | undefined} */
  #awaited;

  /** @param {Element} root @param {RendererOptions} [options] */
  constructor(root, options = {}) {
    const { onDraw, now, schedule } = options;
    root.classList.add('markdown');
    const output = new BlockOutput(root, options);
    this.#settled = new SettledBlocks(output);
    this.#tail = new Tail(this.#settled, output);
    this.#footnotes = new Footnotes(root);
    this.#schedule = new DrawSchedule((isSpent) => this.#draw(isSpent), { now, schedule });
    this.#onDraw = onDraw;
  }

  /** Draw this after the text so far, soon; `inFrame`: into the current frame, if it has time. @param {string} text */
  append(text, inFrame = false) {
    this.#incoming.append(text);
    this.#schedule.request(inFrame);
  }

  /** No more text arrives: make the text so far final, soon. */
  finish(inFrame = false) {
    this.#incoming.end();
    this.#schedule.request(inFrame);
  }

  /** Draw all text immediately. */
  flush() {
    while (!this.#schedule.draw());
  }

  /** @param {() => boolean} isSpent */
  #draw(isSpent) {
    const incoming = this.#incoming;
    for (let weight = 0; !incoming.isEmpty && weight < FRAME_CHARACTERS && !isSpent();) {
      const slice = incoming.take(this.#tail.appetite, this.#tail.isShort);
      weight += slice.length + LINE_CHARACTERS * linesOf(slice);
      this.#tail.append(slice);
    }
    if (incoming.isOver) this.#tail.end();
    const isDone = incoming.isEmpty && this.#settled.complete(isSpent);
    this.#awaitEntities();
    this.#footnotes.number();
    this.#onDraw?.(); // before the clock is read: a listener that scrolls makes the browser lay out the page
    return isDone;
  }

  /** Draw again when the character references are known. */
  #awaitEntities() {
    const loading = entitiesLoading();
    if (!loading || loading === this.#awaited) return;
    this.#awaited = loading;
    void loading.then(() => {
      this.#settled.references.learn();
      this.#tail.drawAgain();
      this.#schedule.request();
    });
  }
}

/** @param {string} text */
const linesOf = (text) => text.split('\n').length - 1;
