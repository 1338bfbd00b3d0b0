// The conversation on paper, or as a PDF: all of it, whatever of it has been near the screen. What can be completed
// in one go is completed whenever the browser prints; our own command, and Ctrl+P, first wait for the rest as well.
// What the browser itself searches, by Ctrl+F, is completed meanwhile: it finds words as they are read, not Markdown.

import { files } from '../model/files.js';
import { locale } from '../system/words.js';
import { find, make } from './dom.js';

/** @import { Transcript } from './transcript.js' */

/** The main thread is given back after this time. */
const SLICE_MS = 12;
/** Formulas that are not typeset in this time, one after the other, are printed as they were written. */
const PATIENCE_MS = 2_000;
const UNSET = '#log .math:not(:has(math))';

export class Printing {
  #transcript;
  #isPreparing = false;
  /** @type {HTMLImageElement[]} */
  #pictures = [];

  /** @param {Transcript} transcript */
  constructor(transcript) {
    this.#transcript = transcript;
    loadStyle();
    addEventListener('beforeprint', () => this.#complete());
    addEventListener('afterprint', () => this.#restore());
    addEventListener('keydown', (event) => this.#pressed(event));
  }

  /** Complete everything, then let the browser print. */
  async print() {
    if (this.#isPreparing) return;
    this.#isPreparing = true;
    try {
      await this.#prepare();
      window.print();
    } finally {
      this.#isPreparing = false;
    }
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const key = event.key.toLowerCase();
    if (event.defaultPrevented) return;
    if (key === 'f3' || (isCommand && 'fg'.includes(key))) return void this.#search();
    if (!isCommand || key !== 'p') return;
    event.preventDefault();
    void this.print();
  }

  /** Where the browser has found something, what is completed must not lead away from it. */
  #search() {
    this.#transcript.release();
    return this.#completeSoon();
  }

  async #prepare() {
    await this.#completeSoon();
    const colours = this.#transcript.highlighter?.colourAll();
    await Promise.all([colours, formulasSet(), this.#showPictures()]);
  }

  /** Complete all messages; what the reader does comes in between. */
  async #completeSoon() {
    let end = performance.now() + SLICE_MS;
    const steps = this.#transcript.completing();
    while (!steps.next().done) {
      if (performance.now() < end) continue;
      await new Promise((resolve) => setTimeout(resolve));
      end = performance.now() + SLICE_MS;
    }
  }

  /** What needs no waiting. */
  #complete() {
    [...this.#transcript.completing()];
    this.#transcript.highlighter?.paintKnown();
    find('header').dataset.dates = datesOf(this.#transcript.dates);
  }

  /** The images of questions, larger than on their chips. */
  async #showPictures() {
    for (const chip of document.querySelectorAll('#log .chip[data-kind=image]')) {
      const { file = '' } = /** @type {HTMLElement} */ (chip).dataset;
      const blob = await files.blob(file).catch(() => undefined);
      if (!blob) continue;
      const picture = make('img', {
        src: URL.createObjectURL(blob),
        className: 'printed',
        alt: '',
      });
      picture.hidden = true; // on the screen
      this.#pictures.push(picture);
      chip.append(picture);
      await picture.decode().catch(() => undefined);
    }
  }

  #restore() {
    this.#transcript.highlighter?.colourNear();
    for (const picture of this.#pictures.splice(0)) {
      URL.revokeObjectURL(picture.src);
      picture.remove();
    }
  }
}

function loadStyle() {
  const { href } = new URL('../styles/print.css', import.meta.url);
  document.head.append(make('link', { rel: 'stylesheet', href, media: 'print' }));
}

/** Resolve once all formulas are typeset, or no more of them become so. */
async function formulasSet() {
  let [left, end] = [Infinity, 0];
  for (;;) {
    const { length } = document.querySelectorAll(UNSET);
    if (!length) return;
    if (length < left) [left, end] = [length, performance.now() + PATIENCE_MS];
    if (performance.now() > end) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The first day and the last, where they differ. @param {number[]} dates in ms */
function datesOf(dates) {
  const days = [Math.min(...dates), Math.max(...dates)].filter(Number.isFinite).map(dayOf);
  return [...new Set(days)].join(' – ');
}

/** @param {number} at in ms */
const dayOf = (at) => new Date(at).toLocaleDateString(locale, { dateStyle: 'long' });
