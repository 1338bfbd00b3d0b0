// Files that were given and are not attached yet: one is read after the other, and each can be taken away before.

import { say } from '../system/words.js';
import { find, make } from './dom.js';
import { hideIfEmpty, removalOf } from './file-chip.js';

/** @import { FileRef } from '../types.js' */
/**
 * @typedef {{
 *   bundle: object,
 *   isShown: () => boolean,
 *   isPasted?: boolean,
 *   onElsewhere: (ref: FileRef) => void,
 *   onRefused: (sentence: string) => void,
 * }} How The draft to which files are given, whether it is shown still, and who takes them where it is not.
 * @typedef {{ file: File, how: How, chip: HTMLElement, isRemoved: boolean }} Waiting
 */

export class FileQueue {
  /** @type {Set<Waiting>} */
  #waiting = new Set();
  /** Resolves when the last one has been read. @type {Promise<unknown>} */
  #last = Promise.resolve();
  #list;
  #read;

  /** `read` resolves to whether the file is attached. @param {HTMLElement} list @param {(waiting: Waiting) => Promise<boolean>} read */
  constructor(list, read) {
    this.#list = list;
    this.#read = read;
  }

  /** Have these read; resolve to whether all are attached, but for those that were taken away. @param {File[]} given @param {How} how */
  async add(given, how) {
    const all = await Promise.all(given.map((file) => this.#add(file, how)));
    return all.every(Boolean);
  }

  /** Show those of the draft that has this bundle. @param {object} bundle */
  show(bundle) {
    for (const { chip, how } of this.#waiting) if (how.bundle === bundle) this.#list.append(chip);
    hideIfEmpty(this.#list);
  }

  /** @param {File} file @param {How} how */
  #add(file, how) {
    const chip = make('li', { className: 'chip busy' });
    /** @type {Waiting} */
    const waiting = { file, how, chip, isRemoved: false };
    const words = make('span', { textContent: say('file.reading', { file: file.name }) });
    const removed = new Promise((resolve) => {
      const remove = () => {
        waiting.isRemoved = true;
        this.#end(waiting);
        resolve(true);
      };
      chip.append(words, removalOf(file.name, remove));
    });
    this.#waiting.add(waiting);
    if (how.isShown()) this.#list.append(chip); // alone: those before it keep the focus
    hideIfEmpty(this.#list);
    const read = this.#last.then(() => this.#readNow(waiting));
    const done = Promise.race([read, removed]); // the next one does not wait for what is not wanted
    this.#last = done;
    return done;
  }

  /** @param {Waiting} waiting */
  async #readNow(waiting) {
    if (waiting.isRemoved) return true;
    try {
      return await this.#read(waiting);
    } finally {
      this.#end(waiting);
    }
  }

  /** It is read, or taken away. @param {Waiting} waiting */
  #end(waiting) {
    if (!this.#waiting.delete(waiting)) return;
    const hadFocus = waiting.chip.contains(document.activeElement);
    waiting.chip.remove();
    hideIfEmpty(this.#list);
    if (hadFocus) find('#prompt').focus(); // it must not get lost
  }
}
