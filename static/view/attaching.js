// What the composer knows of files. The code that reads and shows them is loaded with the first one; those of a
// question that is not sent yet survive a reload in their tab.

import { fileRefs } from '../model/file-refs.js';
import { find, make, rememberList, rememberedList, write } from './dom.js';
import { load } from '../system/parts.js';
import { tell } from './field.js';
import { openEntrances } from './file-entrances.js';

/** @import { FileRef } from '../types.js' */
/** @import { Attachments } from './attachments.js' */
/**
 * @typedef {{ key?: string, reading?: Promise<unknown> }} Bundle The files of one draft: its key, undefined while the page
 *   is opening, and what settles when no file is being read for it, as long as one is.
 */

export class Attaching {
  /** Those that are shown. @type {Bundle} */
  #shown = {};
  /** Those for which files are being read. @type {Set<Bundle>} */
  #busy = new Set();
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

  /** Settles when no file is being read for the question being written; undefined when none is. */
  get reading() {
    return this.#shown.reading;
  }

  /** Those of the question being written. */
  get refs() {
    return this.#tray?.refs ?? this.#refs;
  }

  /** Show those of the draft that has this key. @param {string} key */
  set key(key) {
    if (key === this.#shown.key) return;
    const isFirst = this.#shown.key === undefined;
    const early = isFirst ? this.refs : [];
    if (isFirst) this.#shown.key = key;
    else this.#shown = [...this.#busy].find((one) => one.key === key) ?? { key };
    this.#show([...remembered(key), ...early]);
    if (early.length) this.#save(); // they had no key when they were read
  }

  /** The draft goes on under another key. @param {string} key */
  move(key) {
    if (this.#shown.key !== undefined) remember(this.#shown.key, []);
    this.#shown.key = key;
    this.#save();
  }

  /** They stay with the draft that they are given to, wherever the reader is when they are read. @param {File[]} given @param {{ isPasted?: boolean }} [how] */
  add(given, how) {
    const bundle = this.#shown;
    const isElsewhere = (/** @type {FileRef} */ ref) => {
      if (bundle === this.#shown) return false;
      this.giveBack(bundle.key ?? '', [ref]);
      return true;
    };
    const added = this.#load().then((tray) => tray.add(given, { ...how, isElsewhere }));
    const reading = Promise.all([bundle.reading, added]);
    bundle.reading = reading;
    this.#busy.add(bundle);
    void reading.finally(() => {
      if (bundle.reading !== reading) return;
      bundle.reading = undefined;
      this.#busy.delete(bundle);
    });
  }

  /** Return the files of the question that is sent now; there are none after it. */
  take() {
    const { refs } = this;
    this.replace([]);
    return refs;
  }

  /** Return those of the draft that has this key, which is not shown; there are none after it. @param {string} key */
  takeFrom(key) {
    const refs = remembered(key);
    remember(key, []);
    return refs;
  }

  /** @param {FileRef[]} refs */
  replace(refs) {
    this.#show(refs);
    this.#save();
  }

  /** Put these before those of the draft that has this key. @param {string} key @param {FileRef[]} [refs] */
  giveBack(key, refs = []) {
    const there = key === this.#shown.key ? this.refs : remembered(key);
    const known = new Set(refs.map(({ id }) => id));
    const all = [...refs, ...there.filter(({ id }) => !known.has(id))];
    if (key === this.#shown.key) this.replace(all);
    else remember(key, all);
  }

  /** @param {FileRef[]} refs */
  #show(refs) {
    this.#refs = refs;
    if (this.#tray) this.#tray.show(refs);
    else if (refs.length) void this.#load();
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
    if (this.#shown.key !== undefined) remember(this.#shown.key, this.refs);
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

/** @param {string} key */
const remembered = (key) => fileRefs(rememberedList(`files:${key}`));

/** @param {string} key @param {FileRef[]} refs */
const remember = (key, refs) => rememberList(`files:${key}`, refs);
