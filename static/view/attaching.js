// What the composer knows of files. The code that reads and shows them is loaded with the first one; those of a
// question that is not sent yet survive a reload in their tab.

import { fileRefs } from '../model/file-refs.js';
import { find, make, write } from './dom.js';
import { load } from '../system/parts.js';
import { tell } from './field.js';
import { openEntrances } from './file-entrances.js';

/** @import { FileRef } from '../types.js' */
/** @import { Attachments } from './attachments.js' */

export class Attaching {
  /** Resolves when no file is being read. @type {Promise<unknown>} */
  settled = Promise.resolve();
  /** Whether one is. */
  isBusy = false;
  /** Of the draft; undefined while the page is opening. @type {string | undefined} */
  #key;
  /** @type {FileRef[]} of the draft, until the tray is loaded */
  #refs = [];
  /** @type {Attachments | undefined} */
  #tray;
  #onText;

  /** `onText` is called with a text that was dropped, or that shall be a file no longer. @param {(text: string) => void} onText */
  constructor(onText) {
    this.#onText = onText;
    openEntrances({
      onText,
      onRefused: refuse,
      onFiles: (files, how) => {
        tell('');
        this.add(files, how);
      },
    });
  }

  /** Those of the question being written. */
  get refs() {
    return this.#tray?.refs ?? this.#refs;
  }

  /** Show those of the draft that has this key. @param {string} key */
  set key(key) {
    if (key === this.#key) return;
    const early = this.#key === undefined ? this.refs : [];
    this.#key = key;
    this.#show([...remembered(key), ...early]);
  }

  /** The draft goes on under another key. @param {string} key */
  move(key) {
    if (this.#key !== undefined) remember(this.#key, []);
    this.#key = key;
    this.#save();
  }

  /** @param {File[]} given @param {{ isPasted?: boolean }} [how] */
  add(given, how) {
    const added = this.#load().then((tray) => tray.add(given, how));
    const settled = Promise.all([this.settled, added]);
    [this.settled, this.isBusy] = [settled, true];
    void settled.finally(() => (this.isBusy = this.settled !== settled));
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

  /** Put these before those of the draft that has this key. @param {string} key @param {FileRef[]} [refs] */
  giveBack(key, refs = []) {
    const there = key === this.#key ? this.refs : remembered(key);
    const known = new Set(refs.map(({ id }) => id));
    const all = [...refs, ...there.filter(({ id }) => !known.has(id))];
    if (key === this.#key) this.replace(all);
    else remember(key, all);
  }

  /** @param {FileRef[]} refs */
  #show(refs) {
    this.#refs = refs;
    if (this.#tray) this.#tray.show(refs);
    else if (refs.length) this.settled = this.#load();
  }

  async #load() {
    const [{ Attachments }, { files }] = await Promise.all([
      load('view/attachments.js'),
      load('model/files.js'),
      loadStyle(),
    ]);
    if (!this.#tray) {
      const maxBody = Number(document.body.dataset.maxBody);
      this.#tray = new Attachments(maxBody, {
        onText: this.#onText,
        onRefused: refuse,
        onChange: () => this.#save(),
      });
      this.#tray.show(this.#refs);
      void files.touch(this.#refs.map(({ id }) => id));
    }
    return this.#tray;
  }

  #save() {
    if (this.#key !== undefined) remember(this.#key, this.refs);
  }
}

/** One more sentence, where several files are refused. @param {string} sentence */
function refuse(sentence) {
  const notice = find('#notice');
  write(notice, [notice.textContent, sentence].filter(Boolean).join('\n'));
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

/** Return those of the draft that has this key. @param {string} key */
export const filesOfDraft = (key) => remembered(key);

/** @param {string} key @returns {FileRef[]} */
function remembered(key) {
  try {
    const refs = JSON.parse(sessionStorage.getItem(`claude-sse:files:${key}`) ?? '[]');
    return fileRefs(refs);
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
