// The files that the next question brings: each is read, shown above the field, and can be taken away again.

import {
  MANY_IMAGES,
  SIDE_PIXELS_OF_MANY,
  longerSide,
  sentBytes,
  tooMuch,
} from '../model/file-limits.js';
import { Unreadable } from '../model/file-kinds.js';
import { files } from '../model/files.js';
import { say } from '../system/words.js';
import { find, make, memory, rememberList, rememberedList } from './dom.js';
import { chipFor, release } from './file-chip.js';
import { readFile, shrink } from './read-file.js';

/** @import { FileRef } from '../types.js' */
/** @typedef {{ onChange: () => void, onRefused: (sentence: string) => void, onText: (text: string) => void }} Listeners */
/** @typedef {{ isPasted?: boolean, isElsewhere: (ref: FileRef) => boolean }} How `isElsewhere` takes a file of a draft that was left, and returns whether it is one */

/** Larger images make room for more of them. */
const LARGE_BYTES = 600 << 10;
/** Which files were pasted outlives a reload in their tab, as the files do. */
const PASTED = 'pasted';
/** More are forgotten, the oldest first. */
const MOST_PASTED = 100;
const SMALLER_PIXELS = 1568;

export class Attachments {
  /** @type {FileRef[]} */
  refs = [];
  /** Resolves when every file that was given has been read. */
  settled = Promise.resolve();
  #list = find('#attached');
  #maxBody;
  #on;
  /** Ids of texts that were pasted: they can become text again. */
  #pasted = new Set(rememberedList(PASTED));

  /** @param {number} maxBody in bytes @param {Listeners} on */
  constructor(maxBody, on) {
    this.#maxBody = maxBody;
    this.#on = on;
    this.#list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) =>
      this.#pressed(event),
    );
  }

  /** Read these files, one after the other. @param {File[]} given @param {How} how */
  add(given, how) {
    const waiting = given.map((file) => {
      const chip = make('li', {
        className: 'chip busy',
        textContent: say('file.reading', { file: file.name }),
      });
      this.#list.append(chip);
      return { file, chip };
    });
    this.#list.hidden = false;
    for (const { file, chip } of waiting)
      this.settled = this.settled.then(() => this.#read(file, chip, how));
    return this.settled;
  }

  /** Show these, and no others. @param {FileRef[]} refs */
  show(refs) {
    this.refs = [];
    for (const chip of [...this.#list.children]) this.#drop(chip);
    for (const ref of refs) this.#take(ref);
    this.#list.hidden = !this.refs.length;
  }

  /** @param {File} file @param {Element} waiting @param {How} how */
  async #read(file, waiting, { isPasted = false, isElsewhere }) {
    try {
      const room = this.#roomFor();
      const { ref, isStored } = await readFile(file, { maxBody: this.#maxBody, room });
      if (isPasted && ref.kind === 'text')
        rememberList(PASTED, [...this.#pasted.add(ref.id)].slice(-MOST_PASTED));
      if (isElsewhere(ref)) return;
      if (this.refs.some(({ id }) => id === ref.id)) throw new Unreadable('file.attached-already');
      await this.#makeRoom(ref);
      if (isElsewhere(ref)) return;
      const problem = tooMuch([...this.refs, ref], this.#maxBody);
      if (problem) throw new Unreadable('file.no-room', { problem });
      this.#take(
        ref,
        file.size > ref.size * 1.1 && ref.kind === 'image' ? say('file.smaller') : '',
      );
      if (!isStored) this.#on.onRefused(say('file.not-kept', { file: file.name }));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.#on.onRefused(error.sentenceFor(file.name));
    } finally {
      waiting.remove();
      this.#list.hidden = !this.#list.children.length;
      this.#on.onChange();
    }
  }

  /** The bytes that are left for another file, if the large images beside it are made smaller. */
  #roomFor() {
    const taken = this.refs.map((ref) =>
      ref.kind === 'image' ? Math.min(sentBytes(ref), LARGE_BYTES) : sentBytes(ref),
    );
    const left = this.#maxBody * 0.98 - taken.reduce((sum, bytes) => sum + bytes, 0);
    return Math.max(left, LARGE_BYTES);
  }

  /** Scale down what keeps this file from being sent with the others. @param {FileRef} ref */
  async #makeRoom(ref) {
    const images = [...this.refs, ref].filter(({ kind }) => kind === 'image');
    if (images.length > MANY_IMAGES) await this.#shrinkAll(SIDE_PIXELS_OF_MANY, tooWide, ref);
    if (tooMuch([...this.refs, ref], this.#maxBody))
      await this.#shrinkAll(SMALLER_PIXELS, ({ size }) => size > LARGE_BYTES, ref);
  }

  /** @param {number} side @param {(ref: FileRef) => boolean} isMeant @param {FileRef} added is changed where it is meant */
  async #shrinkAll(side, isMeant, added) {
    for (const ref of [...this.refs, added]) {
      if (ref.kind !== 'image' || !isMeant(ref)) continue;
      const smaller = await shrink(ref, side).catch(() => ref);
      if (ref === added) Object.assign(added, smaller);
      else if (smaller !== ref) this.#exchange(ref, smaller);
    }
  }

  /** @param {FileRef} ref @param {FileRef} smaller */
  #exchange(ref, smaller) {
    const at = this.refs.indexOf(ref);
    if (at < 0) return; // it was removed, or the draft was left meanwhile
    this.refs[at] = smaller;
    const old = this.#chipOf(ref.id);
    old?.replaceWith(this.#chip(smaller, say('file.smaller')));
    if (old) release(old);
  }

  /** @param {FileRef} ref @param {string} [more] */
  #take(ref, more) {
    memory.set('files', 'yes'); // there is something to clear away
    this.refs.push(ref);
    const chip = this.#chip(ref, more);
    this.#list.insertBefore(chip, this.#list.querySelector('.busy'));
  }

  /** @param {FileRef} ref @param {string} [more] */
  #chip(ref, more) {
    const chip = chipFor(ref, more);
    if (this.#pasted.has(ref.id)) {
      const asText = make('button', {
        type: 'button',
        className: 'as-text',
        textContent: say('file.as-text'),
      });
      asText.title = say('file.as-text-title');
      asText.addEventListener('click', () => this.#putBack(ref));
      chip.append(asText);
    }
    const remove = make('button', { type: 'button', className: 'remove', textContent: '×' });
    remove.ariaLabel = say('file.remove', { file: ref.name });
    remove.addEventListener('click', () => this.#remove(ref.id));
    chip.append(remove);
    return chip;
  }

  /** A pasted text becomes text again. @param {FileRef} ref */
  async #putBack(ref) {
    try {
      const text = await (await files.blob(ref.id))?.text();
      this.#remove(ref.id);
      if (text !== undefined) this.#on.onText(text);
    } catch {
      this.#on.onRefused(say('file.late'));
    }
  }

  /** @param {string} id */
  #remove(id) {
    const chip = this.#chipOf(id);
    const beside = chip?.nextElementSibling ?? chip?.previousElementSibling;
    this.refs = this.refs.filter((ref) => ref.id !== id);
    if (chip) this.#drop(chip);
    this.#list.hidden = !this.#list.children.length;
    this.#on.onChange();
    const next = beside?.querySelector('button') ?? find('#prompt');
    next.focus(); // the button is gone: the focus must not get lost
  }

  /** @param {Element} chip */
  #drop(chip) {
    release(chip);
    chip.remove();
  }

  /** @param {string} id */
  #chipOf(id) {
    return [...this.#list.children].find(({ dataset }) => dataset.file === id);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== 'Delete' && event.key !== 'Backspace') return;
    const chip = /** @type {Element} */ (event.target).closest('.chip');
    const { file } = /** @type {HTMLElement} */ (chip)?.dataset ?? {};
    if (!file) return;
    event.preventDefault();
    this.#remove(file);
  }
}

/** @param {FileRef} ref */
const tooWide = (ref) => longerSide(ref) > SIDE_PIXELS_OF_MANY;
