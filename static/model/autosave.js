// Stores the messages that have changed: important changes immediately, growing text twice a second.

/** @import { Message, Store } from '../types.js' */

const SAVE_EVERY_MS = 500;

export class Autosave {
  /** Resolves once the latest write is stored. @type {unknown} */
  stored;
  #store;
  #now;
  /** @type {Set<Message>} */
  #unsaved = new Set();
  #savedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Store} store @param {() => number} now */
  constructor(store, now) {
    this.#store = store;
    this.#now = now;
  }

  /** Store these messages now, with whatever else has changed. @param {Message[]} messages */
  save(...messages) {
    for (const message of messages) this.#unsaved.add(message);
    this.flush();
  }

  /** Store this message soon. @param {Message} message */
  saveSoon(message) {
    this.#unsaved.add(message);
    if (this.#now() - this.#savedAt >= SAVE_EVERY_MS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), SAVE_EVERY_MS);
  }

  /** Remove these messages from the store. @param {Message[]} messages */
  remove(messages) {
    this.discard(messages);
    this.stored = this.#store.write(messages.map(({ id }) => ({ table: 'messages', id })));
  }

  /** Forget what is not stored yet of these. @param {Message[]} messages */
  discard(messages) {
    for (const message of messages) this.#unsaved.delete(message);
  }

  /** Store everything that has changed. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#unsaved.size) return;
    this.#savedAt = this.#now();
    this.stored = this.#store.write(
      Array.from(this.#unsaved, (record) => ({ table: 'messages', record })),
    );
    this.#unsaved.clear();
  }
}
