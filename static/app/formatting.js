// Formats answers as Markdown. The library is loaded when the reader is about to ask, or a message is shown; while it
// cannot be fetched, answers are plain text, and loading is retried.

import { backoff, pause, TIMING } from '../network/retry.js';
import { load } from '../system/parts.js';

/** @import { MarkdownLibrary } from '../types.js' */

export class Formatting {
  #wake;
  #onLoaded;
  #isNeeded = false;

  /** `onLoaded` is called once, with the library. @param {EventTarget} wake @param {(library: MarkdownLibrary) => void} onLoaded */
  constructor(wake, onLoaded) {
    this.#wake = wake;
    this.#onLoaded = onLoaded;
  }

  /** Load the library at the first press or key there, before a question is asked. @param {HTMLElement} element */
  needWhenTouched(element) {
    for (const type of ['pointerdown', 'keydown', 'input'])
      element.addEventListener(type, () => this.need(), { once: true, passive: true });
  }

  /** An answer is there, or will be soon. */
  need() {
    if (this.#isNeeded) return;
    this.#isNeeded = true;
    void this.#load();
  }

  async #load() {
    for (let failures = 1; ; failures++) {
      const library = await load('markdown/library.js').catch(() => undefined);
      if (library) return this.#onLoaded(library);
      await pause(backoff(failures, TIMING), { wake: this.#wake });
    }
  }
}
