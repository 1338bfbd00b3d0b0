// The one button beside the field: it sends the question, or stops the answer.

import { say } from '../system/words.js';
import { find } from './dom.js';

export class SendButton {
  #button = find('#send');

  /** @param {() => void} stop */
  constructor(stop) {
    this.#button.addEventListener('click', (/** @type {MouseEvent} */ event) => {
      if (this.#button.dataset.mode !== 'stop') return; // the form's submit event follows
      event.preventDefault();
      if (event.detail < 2) stop(); // the second half of a double click on Send does not mean it
    });
  }

  /** Whether it stops rather than sends. @param {boolean} value */
  set stops(value) {
    this.#button.dataset.mode = value ? 'stop' : 'send';
    this.#button.textContent = say(value ? 'composer.stop' : 'composer.send');
  }
}
