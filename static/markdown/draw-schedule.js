// When to draw: with the next frame, or into the current one, and never more than a quarter of the main thread's time.

/** @import { RendererOptions } from '../types.js' */

/** What drawing may take of one frame; the next frame goes on. */
const BUDGET_MS = 6;
/** After drawing for t ms rest 3 t, however long a block grows. */
const REST = 3;

export class DrawSchedule {
  #draw;
  #now;
  #schedule;
  #requested = false;
  #restUntil = 0;

  /**
   * `draw` draws until the budget is spent, and returns whether all is drawn.
   * @param {(isSpent: () => boolean) => boolean} draw
   * @param {Pick<RendererOptions, 'now' | 'schedule'>} options
   */
  constructor(draw, { now = () => performance.now(), schedule = withFrame }) {
    this.#draw = draw;
    this.#now = now;
    this.#schedule = schedule;
  }

  /** Draw soon; `inFrame`: immediately, into the current frame, unless a rest is due. */
  request(inFrame = false) {
    if (this.#requested || !inFrame || !this.#drawUnlessResting()) this.#request();
  }

  /** Draw until all is drawn or `budget` ms are spent; returns whether all is drawn. */
  draw(budget = Infinity) {
    const began = this.#now();
    const isDone = this.#draw(() => this.#now() - began >= budget);
    this.#restUntil = isDone ? this.#now() + REST * (this.#now() - began) : 0;
    return isDone;
  }

  #request() {
    if (this.#requested) return;
    this.#requested = true;
    const delay = Math.max(0, this.#restUntil - this.#now());
    this.#schedule(() => {
      this.#requested = false;
      if (!this.#drawUnlessResting()) this.#request();
    }, delay);
  }

  #drawUnlessResting() {
    return this.#now() >= this.#restUntil && this.draw(BUDGET_MS);
  }
}

/** @param {() => void} draw @param {number} delay */
function withFrame(draw, delay) {
  if (delay > 0) setTimeout(() => requestAnimationFrame(draw), delay);
  else requestAnimationFrame(draw);
}
