// What the composer knows of files. The code that reads and shows them is loaded with the first one; those of a
// question that is not sent yet survive a reload in their tab.

import { make } from './dom.js';

/** @import { FileRef } from '../types.js' */
/** @import { Attachments } from './attachments.js' */

export class Attaching {
  /** Resolves when no file is being read. @type {Promise<unknown>} */
  settled = Promise.resolve();
  #key = '';
  /** @type {FileRef[]} of the draft, until the tray is loaded */
  #refs = [];
  /** @type {Attachments | undefined} */
  #tray;
  #on;

  /** @param {{ onRefused: (sentence: string) => void, onText: (text: string) => void }} on */
  constructor(on) {
    this.#on = on;
  }

  /** Those of the question being written. */
  get refs() {
    return this.#tray?.refs ?? this.#refs;
  }

  /** Show those of the draft that has this key. @param {string} key */
  set key(key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#show(remembered(key));
  }

  /** The draft goes on under another key. @param {string} key */
  move(key) {
    remember(this.#key, []);
    this.#key = key;
    this.#save();
  }

  /** @param {File[]} given @param {{ isPasted?: boolean }} [how] */
  add(given, how) {
    const added = this.#load().then((tray) => tray.add(given, how));
    this.settled = Promise.all([this.settled, added]);
  }

  /** Return the files of the question that is sent now; there are none after it. */
  take() {
    const { refs } = this;
    this.replace([]);
    return refs;
  }

  /** @param {FileRef[]} refs */
  replace(refs) {
    this.#show(refs);
    this.#save();
  }

  /** Put these before those that are there. @param {FileRef[]} refs */
  restore(refs = []) {
    const known = new Set(refs.map(({ id }) => id));
    this.replace([...refs, ...this.refs.filter(({ id }) => !known.has(id))]);
  }

  /** @param {FileRef[]} refs */
  #show(refs) {
    this.#refs = refs;
    if (this.#tray) this.#tray.show(refs);
    else if (refs.length) this.settled = this.#load();
  }

  async #load() {
    const [{ Attachments }, { files }] = await Promise.all([
      import('./attachments.js'),
      import('../model/files.js'),
      loadStyle(),
    ]);
    if (!this.#tray) {
      const maxBody = Number(document.body.dataset.maxBody);
      this.#tray = new Attachments(maxBody, { ...this.#on, onChange: () => this.#save() });
      this.#tray.show(this.#refs);
      void files.touch(this.#refs.map(({ id }) => id));
    }
    return this.#tray;
  }

  #save() {
    remember(this.#key, this.refs);
  }
}

/** @type {Promise<unknown> | undefined} */
let style;

/** Load the style sheet of files and sources, once. */
export function loadStyle() {
  return (style ??= new Promise((resolve) => {
    const { href } = new URL('../styles/files.css', import.meta.url);
    document.head.append(
      make('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }),
    );
  }));
}

/** @param {string} key @returns {FileRef[]} */
function remembered(key) {
  try {
    const refs = JSON.parse(sessionStorage.getItem(`claude-sse:files:${key}`) ?? '[]');
    return Array.isArray(refs) ? refs : [];
  } catch {
    return []; // forbidden here, or damaged
  }
}

/** @param {string} key @param {FileRef[]} refs */
function remember(key, refs) {
  try {
    if (refs.length) sessionStorage.setItem(`claude-sse:files:${key}`, JSON.stringify(refs));
    else sessionStorage.removeItem(`claude-sse:files:${key}`);
  } catch {
    // a reload forgets
  }
}
