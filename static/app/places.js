// Reading places: a conversation that is left, or a page that is loaded again, comes back to the line that was read.

import { browserStorage } from '../model/store.js';
import { ReadingPlace } from '../view/reading-place.js';

/** @import { Place } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

const KEY = 'claude-sse:places';
/** More are forgotten, the oldest first. */
const MOST = 200;

export class Places {
  #chat;
  #reading;
  /** This tab's come before those of the last tab that was left. */
  #storages = [browserStorage(() => sessionStorage), browserStorage()];

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
    this.#reading = chat.transcript.reading(ReadingPlace);
  }

  /** Keep where the reader is in the conversation on the page. */
  keep() {
    const { meta, messages } = this.#chat.current;
    if (!messages.length) return;
    const place = this.#reading.current;
    for (const storage of this.#storages) {
      const kept = read(storage).filter(([id]) => id !== meta.id);
      kept.push([meta.id, place ?? null]);
      write(storage, kept.slice(-MOST));
    }
  }

  /** Go where the reader was in this conversation; returns whether that is known. @param {string} id */
  restore(id) {
    for (const storage of this.#storages) {
      const [, place] = read(storage).find(([known]) => known === id) ?? [];
      if (place === undefined) continue;
      if (!place || !this.#chat.transcript.has(place.message)) return false;
      this.#reading.restore(place);
      return true;
    }
    return false;
  }

  /** Show this range of a message, as soon as it is drawn; without one its beginning. @param {string} message @param {() => Range | undefined} [range] */
  reveal(message, range = () => undefined) {
    this.#reading.reveal(message, range);
  }
}

/** The place is null where the end is followed. @param {import('../types.js').StorageLike} storage @returns {[string, Place | null][]} */
function read(storage) {
  try {
    const kept = JSON.parse(storage.getItem?.(KEY) ?? '[]');
    return kept.filter((/** @type {any} */ one) => Array.isArray(one) && one[1] !== undefined);
  } catch {
    return [];
  }
}

/** @param {import('../types.js').StorageLike} storage @param {[string, Place | null][]} kept */
function write(storage, kept) {
  try {
    storage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // full: the place is not kept
  }
}
