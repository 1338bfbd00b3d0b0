// What the composer knows of files. The code that reads and shows them is loaded with the first one.

import { nameOf } from '../model/file-refs.js';
import { load } from '../system/parts.js';
import { atMost } from '../system/time.js';
import { say } from '../system/words.js';
import { make } from './dom.js';
import { tell, tellEditing, tellMore, untell } from './field.js';
import { openEntrances } from './file-entrances.js';
import { offer, offerPlace } from './toast.js';

/** @import { FileRef } from '../types.js' */
/** @import { Attachments } from './attachments.js' */
/**
 * @typedef {{ place?: string, id: string, reading?: Promise<boolean> }} Bundle The files of one draft: its place,
 *   undefined while the page is opening, and the question that it changes or ''; and, as long as files are being read
 *   for it, what resolves when they are, to whether all were attached.
 * @typedef {{
 *   onText: (text: string) => void,
 *   onChange: () => void,
 *   onElsewhere: (place: string, id: string, ref: FileRef) => void,
 * }} Listeners `onText` hears a text that was dropped, or that shall be a file no longer; `onElsewhere` of a file of a
 *   draft that was left before it was read.
 */

export class Attaching {
  /** Those that are shown. @type {Bundle} */
  #shown = { id: '' };
  /** Those for which files are being read. @type {Set<Bundle>} */
  #busy = new Set();
  /** @type {FileRef[]} of the draft, until the tray is loaded */
  #refs = [];
  /** @type {Attachments | undefined} */
  #tray;
  #on;

  /** @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    openEntrances({
      onText: on.onText,
      onRefused: tellMore,
      onFiles: (files, how) => {
        tellEditing(this.#shown.id !== ''); // and no more of others
        if (files.length) this.add(files, how);
      },
    });
  }

  /** Those of the question being written. */
  get refs() {
    return this.#tray?.refs ?? this.#refs;
  }

  /** Whether a file is being read for the question being written. */
  get isReading() {
    return this.#shown.reading !== undefined;
  }

  /** A question waits for its files: resolve when they are read, to whether all are attached; otherwise that it stays is said. */
  async whenRead() {
    const bundle = this.#shown;
    let areAll = true;
    tellMore(say('composer.reading'));
    while (bundle.reading) areAll = (await bundle.reading) && areAll; // another may be given meanwhile
    untell(say('composer.reading'));
    if (areAll) return true;
    if (bundle === this.#shown) tellMore(say('composer.unsent'));
    else offerPlace(say('composer.unsent-there'), bundle.place ?? '');
    return false;
  }

  /** Show the files of the draft in this place, or of its change of the question with this id. @param {string | undefined} place @param {string} id @param {FileRef[]} refs */
  show(place, id, refs) {
    const bundle = this.#shown;
    const isFirst = bundle.place === undefined && place !== undefined;
    const early = isFirst ? this.refs : []; // they had no place when they were read
    if (isFirst) Object.assign(bundle, { place, id });
    else if (place !== bundle.place || id !== bundle.id)
      this.#shown = [...this.#busy].find((one) => one.place === place && one.id === id) ?? {
        place,
        id,
      };
    const all = [...refs, ...early];
    if (bundle !== this.#shown || !areSame(all, this.refs)) this.#show(all);
    if (early.length) this.#on.onChange();
  }

  /** The draft goes on in another place. @param {string} place */
  move(place) {
    this.#shown.place = place;
  }

  /** They stay with the draft that they are given to, wherever the reader is when they are read. @param {File[]} files @param {{ isPasted?: boolean }} [how] */
  add(files, how) {
    const bundle = this.#shown;
    const given = files.map(named);
    const names = given.map(({ name }) => name).join(', ');
    const added = this.#loadFor(names).then(
      (tray) => tray.add(given, { ...how, ...this.#waysOf(bundle) }),
      () => this.#tellMissing(bundle, given, how),
    );
    const reading = Promise.all([bundle.reading, added]).then((all) => !all.includes(false));
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
    this.#show([]);
    this.#on.onChange();
    return refs;
  }

  /** What the tray asks of the draft to which files were given. @param {Bundle} bundle */
  #waysOf(bundle) {
    const isShown = () => bundle === this.#shown;
    return {
      bundle,
      isShown,
      onElsewhere: (/** @type {FileRef} */ ref) =>
        this.#on.onElsewhere(bundle.place ?? '', bundle.id, ref),
      onRefused: (/** @type {string} */ sentence) =>
        isShown() ? tellMore(sentence) : offer(sentence),
    };
  }

  /** @param {FileRef[]} refs */
  #show(refs) {
    this.#refs = refs;
    if (this.#tray) this.#tray.show(refs, this.#shown);
    else if (refs.length) this.#load().catch(() => {}); // they are sent without being shown
  }

  /** Load the tray, and say meanwhile that these files are being read. @param {string} names */
  async #loadFor(names) {
    if (this.#tray) return this.#tray;
    const sentence = say('file.reading', { file: names });
    tellMore(sentence);
    return this.#load().finally(() => untell(sentence));
  }

  async #load() {
    const [{ Attachments }] = await Promise.all([load('view/attachments.js'), loadStyle()]);
    if (!this.#tray) {
      const maxBody = Number(document.body.dataset.maxBody);
      this.#tray = new Attachments(maxBody, {
        onText: this.#on.onText,
        onChange: () => this.#on.onChange(),
      });
      this.#tray.show(this.#refs, this.#shown);
    }
    return this.#tray;
  }

  /** The code for files cannot be loaded: the files are named, with a way to give them again. @param {Bundle} bundle @param {File[]} given @param {{ isPasted?: boolean }} [how] */
  #tellMissing(bundle, given, how) {
    const sentence = say('file.unattached', { files: given.map(({ name }) => name).join(', ') });
    if (bundle !== this.#shown) offer(sentence);
    else
      tell(sentence, {
        [say('file.again')]: () => {
          tell('');
          if (bundle === this.#shown) this.add(given, how);
        },
      });
    return false;
  }
}

/** Return the file under a name that can be shown. @param {File} file */
function named(file) {
  const name = nameOf(file.name);
  const { type, lastModified } = file;
  return name === file.name ? file : new File([file], name, { type, lastModified });
}

/** Return whether these are the same files in the same order. @param {FileRef[]} some @param {FileRef[]} others */
export function areSame(some, others) {
  return some.length === others.length && some.every(({ id }, at) => id === others[at].id);
}

/** @type {Promise<unknown> | undefined} */
let style;

/** Load the style sheet of files and sources, once; it is not waited for without end. */
export function loadStyle() {
  return (style ??= atMost(
    new Promise((resolve) => {
      const { href } = new URL('../styles/files.css', import.meta.url);
      document.head.append(
        make('link', { rel: 'stylesheet', href, onload: resolve, onerror: resolve }),
      );
    }),
  ).catch(() => {}));
}
