// The text of a message on the page: as it is written until Markdown is loaded, an answer's as Markdown after that.

import { say } from '../system/words.js';
import { make } from './dom.js';

/** @import { GrowingText, MarkdownLibrary } from '../types.js' */

export class MessageText {
  #root;
  #showPlain;
  #onDraw;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  /** @type {ReturnType<MarkdownLibrary['createRenderer']> | undefined} */
  #renderer;
  #taken = 0; // characters that the renderer has
  #finished = false;

  /** @param {Element} root @param {GrowingText} growingText @param {() => void} onDraw */
  constructor(root, growingText, onDraw) {
    this.#root = root;
    this.#showPlain = growingText(root);
    this.#onDraw = onDraw;
  }

  /** Whether it is shown as Markdown. */
  get isFormatted() {
    return this.#renderer !== undefined;
  }

  /** Show this as Markdown from now on. @param {MarkdownLibrary} library @param {string} text @param {boolean} ended */
  format(library, text, ended) {
    this.#library = library;
    this.#root.replaceChildren();
    this.#renderer = library.createRenderer(this.#root, {
      highlight: (code, word) => library.highlighter.add(code, word),
      typeset: library.typeset,
      offerTable,
      onDraw: this.#onDraw,
    });
    [this.#taken, this.#finished] = [0, false];
    this.show(text, ended);
  }

  /** Show what is new: in the frame that is being made, as much as that can take. @param {string} text @param {boolean} ended */
  show(text, ended) {
    const renderer = this.#renderer;
    if (!renderer || !this.#library) return this.#showPlain(text);
    if (this.#finished) {
      if (text.length === this.#taken && ended) return;
      return this.format(this.#library, text, ended); // asked again under the same id
    }
    if (text.length > this.#taken) renderer.append(text.slice(this.#taken), !document.hidden);
    this.#taken = text.length;
    if (!ended) return;
    this.#finished = true;
    renderer.finish(!document.hidden);
  }

  /** Draw all of it now. */
  complete() {
    this.#renderer?.flush();
  }

  /** Its code is no longer on the page. */
  forget() {
    this.#library?.highlighter.forget(this.#root);
  }
}

/** A button below a table copies it; one that stands in parts has it below the first. @param {Element} table */
function offerTable(table) {
  const isOffered = table.lastElementChild?.localName === 'button';
  if (isOffered || table.previousElementSibling?.matches('.table[data-full]')) return;
  table.append(
    make('button', {
      type: 'button',
      className: 'quiet copy-table',
      textContent: say('markdown.copy-table'),
    }),
  );
  /** @type {any} */ (table.lastElementChild).dataset.action = 'copy-table';
}
