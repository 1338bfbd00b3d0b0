// The bar above a conversation in which something is looked for: which hit this is, the one before, the next, the end.

import { say } from '../system/words.js';
import { copyOf, find, part, write } from './dom.js';

export class HitBar {
  #bar = copyOf('#hit-bar');

  /** @param {{ step: (step: number) => void, close: () => void }} on */
  constructor(on) {
    this.#bar.addEventListener('click', (/** @type {any} */ { target }) => {
      const step = target.closest('button')?.dataset.step;
      if (step === '0') on.close();
      else if (step) on.step(Number(step));
    });
    this.#bar.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation(); // it is not for the answer
      on.close();
    });
  }

  /** Show at which of `count` hits the reader is, from 1; none takes the bar away. @param {number} place @param {number} count */
  show(place, count) {
    if (!count) {
      const hadFocus = this.#bar.contains(document.activeElement);
      this.#bar.remove();
      if (hadFocus) find('#log').focus({ preventScroll: true });
      return;
    }
    if (!this.#bar.isConnected) find('#log').before(this.#bar);
    write(
      part(this.#bar, 'span'),
      place ? say('find.place', { place, count }) : say('find.count', { count }),
    );
  }
}
