// What the reader hears of the browser's storage: nothing while it works, else one sentence above the field.

import { find, memory, write } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { StoreState } from '../types.js' */

const UNTIL_THEN = 'You can go on: what is said now is stored when that works again.';
/** By the name of the error; what has no name of its own has the last one's. @type {Record<string, string>} */
const DOWN = {
  Late: `This browser's storage does not answer, so earlier conversations may be missing. ${UNTIL_THEN}`,
  VersionError: `The conversations in this browser are a newer version's of this page: load it again to see them. ${UNTIL_THEN}`,
  '': `This browser does not let the page store conversations: they may be lost with the page.`,
};
const FULL =
  'There is no more room for conversations in this browser: what is said now may be lost with the page. Delete some, or export them in the settings.';

export class StorageState {
  #onReturn;
  #wasDown = false;
  #broken;

  /** `onReturn` is called when it works again. @param {Set<string>} broken @param {() => void} onReturn */
  constructor(broken, onReturn) {
    this.#broken = broken;
    this.#onReturn = onReturn;
  }

  /** @param {StoreState} state @param {any} error */
  changed(state, error) {
    write(find('#storage'), state === 'open' ? '' : state === 'full' ? FULL : sentenceFor(error));
    if (state === 'down') this.#wasDown = true;
    else if (this.#wasDown) {
      this.#wasDown = false;
      this.#onReturn();
    }
  }

  /** Say once how many records cannot be shown. */
  tellBroken() {
    const { size } = this.#broken;
    const told = Number(memory.get('broken'));
    if (size !== told) memory.set('broken', String(size || ''));
    if (size > told) offer(brokenSentence(size));
  }
}

/** Ask the browser to keep what is stored here; without that some forget after a week. Asked once. */
export async function askToPersist() {
  if (memory.get('persist')) return;
  memory.set('persist', 'asked');
  try {
    if (!(await navigator.storage?.persisted?.())) await navigator.storage?.persist?.();
  } catch {
    // it decides by itself
  }
}

/** @param {any} error */
function sentenceFor(error) {
  return DOWN[error?.name] ?? DOWN[''];
}

/** @param {number} count */
function brokenSentence(count) {
  return count === 1
    ? 'One stored message or conversation is damaged and cannot be shown. It stays in this browser.'
    : `${count} stored messages or conversations are damaged and cannot be shown. They stay in this browser.`;
}
