// What the reader hears of the browser's storage: nothing while it works, otherwise one sentence above the field.

import { say } from '../system/words.js';
import { find, memory, write } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { StoreState } from '../types.js' */

/** The errors that have a sentence of their own. */
const KNOWN = ['Late', 'VersionError'];

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
    write(
      find('#storage'),
      state === 'open' ? '' : state === 'full' ? say('storage.full') : sentenceFor(error),
    );
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
    if (size > told) offer(say('storage.broken', { count: size }));
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
  return say(`storage.${KNOWN.includes(error?.name) ? error.name : 'down'}`);
}
