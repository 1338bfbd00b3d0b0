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
import { PartMissing } from '../system/parts.js';
import { say } from '../system/words.js';
import { find, make, memory, rememberList, rememberedList, write } from './dom.js';
import { tellMore } from './field.js';
import { chipFor, hideIfEmpty, release, removalOf } from './file-chip.js';
import { FileQueue } from './file-queue.js';
import { readFile, shrink } from './read-file.js';

/** @import { FileRef } from '../types.js' */
/** @import { How, Waiting } from './file-queue.js' */
/** @typedef {{ onChange: () => void, onText: (text: string) => void }} Listeners */

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
  #list = find('#attached');
  #queue = new FileQueue(this.#list, (waiting) => this.#read(waiting));
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

  /** Read these files; resolve to whether all are attached, but for those that were taken away. @param {File[]} given @param {How} how */
  add(given, how) {
    return this.#queue.add(given, how);
  }

  /** Show these, and no others; and what is read for the draft that has this bundle. @param {FileRef[]} refs @param {object} bundle */
  show(refs, bundle) {
    this.refs = [];
    for (const chip of [...this.#list.children]) this.#drop(chip);
    for (const ref of refs) this.#take(ref);
    this.#queue.show(bundle);
  }

  /** Return whether the file is attached; where it cannot be, that is said. @param {Waiting} waiting */
  async #read(waiting) {
    const { file, how } = waiting;
    try {
      await this.#attach(waiting);
      return true;
    } catch (error) {
      if (!waiting.isRemoved) how.onRefused(sentenceOf(error, file.name));
      return waiting.isRemoved;
    } finally {
      if (how.isShown()) this.#on.onChange();
    }
  }

  /** @param {Waiting} waiting */
  async #attach(waiting) {
    const { file, how } = waiting;
    const room = this.#roomFor();
    const { ref, isStored, change } = await readFile(file, { maxBody: this.#maxBody, room });
    if (how.isPasted && ref.kind === 'text')
      rememberList(PASTED, [...this.#pasted.add(ref.id)].slice(-MOST_PASTED));
    if (how.isShown() && !waiting.isRemoved) await this.#makeRoom(ref);
    if (waiting.isRemoved) return;
    if (!isStored) how.onRefused(say('file.not-kept', { file: file.name }));
    if (!how.isShown()) return how.onElsewhere(ref);
    const problem = tooMuch([...this.refs, ref], this.#maxBody);
    if (problem) throw new Unreadable('file.no-room', { problem });
    this.#take(ref, change);
    write(find('#announce'), say('file.attached', { file: ref.name }));
  }

  /** The bytes that are left for another file, if the large images beside it are made smaller. */
  #roomFor() {
    const taken = this.refs.map((ref) =>
      ref.kind === 'image' ? Math.min(sentBytes(ref), LARGE_BYTES) : sentBytes(ref),
    );
    const left = this.#maxBody * 0.98 - taken.reduce((sum, bytes) => sum + bytes, 0);
    return Math.max(left, LARGE_BYTES);
  }

  /** Scale down what keeps this file from being sent with the others; throw where it is one of them. @param {FileRef} ref */
  async #makeRoom(ref) {
    const twin = this.refs.find(({ id }) => id === ref.id);
    if (twin?.name === ref.name) throw new Unreadable('file.attached-already');
    if (twin) throw new Unreadable('file.same-content', { other: twin.name });
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
    chip.append(removalOf(ref.name, () => this.#remove(ref.id)));
    return chip;
  }

  /** A pasted text becomes text again. @param {FileRef} ref */
  async #putBack(ref) {
    try {
      const text = await (await files.blob(ref.id))?.text();
      if (!this.refs.includes(ref)) return; // the draft was left, or its question is asked
      if (text === undefined) return tellMore(say('file.gone', { file: ref.name }));
      this.#remove(ref.id);
      this.#on.onText(text);
    } catch {
      tellMore(say('file.late'));
    }
  }

  /** @param {string} id */
  #remove(id) {
    const chip = this.#chipOf(id);
    const beside = chip?.nextElementSibling ?? chip?.previousElementSibling;
    this.refs = this.refs.filter((ref) => ref.id !== id);
    if (chip) this.#drop(chip);
    hideIfEmpty(this.#list);
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

/** Return the sentence that says why this file is not attached. @param {unknown} error @param {string} file its name */
function sentenceOf(error, file) {
  if (error instanceof Unreadable) return error.sentenceFor(file);
  if (error instanceof PartMissing) return say('file.unattached', { files: file });
  console.error(error);
  return say('file.not-read', { file });
}

/** @param {FileRef} ref */
const tooWide = (ref) => longerSide(ref) > SIDE_PIXELS_OF_MANY;
