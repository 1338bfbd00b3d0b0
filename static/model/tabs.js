// Which tabs show this page: each has an id that it keeps over a reload, and answers when another one asks.

import { uuid } from './message.js';

/** @import { Channel, StorageLike } from '../types.js' */

const ID = 'claude-sse:tab';
/** How long the answers of other tabs are waited for. */
const ANSWERS_MS = 1000;

export class Tabs {
  /** @type {string} */
  id;
  #own;
  #channel;
  #onRenamed;
  #began = performance.timeOrigin + performance.now();
  /** The ids of those that have answered. @type {Set<string>} */
  #heard = new Set();

  /**
   * A duplicated tab begins with the id of the other: it takes a new one, and `onRenamed` is called.
   *
   * @param {StorageLike} own this tab's sessionStorage
   * @param {Channel} channel
   * @param {() => void} onRenamed
   */
  constructor(own, channel, onRenamed) {
    this.#own = own;
    this.#channel = channel;
    this.#onRenamed = onRenamed;
    this.id = own.getItem?.(ID) ?? '';
    if (!this.id) this.#rename();
    channel.addEventListener('message', ({ data }) => this.#hear(data));
    channel.postMessage({ asks: true });
  }

  /** Return the ids of the other tabs; one that is frozen is missed. */
  async others() {
    this.#heard.clear();
    this.#channel.postMessage({ asks: true });
    await new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
    return new Set(this.#heard);
  }

  #rename() {
    this.id = uuid();
    try {
      this.#own.setItem(ID, this.id);
    } catch {
      // full: it has another one after a reload
    }
  }

  /** @param {any} message */
  #hear({ asks, id, began }) {
    if (asks) return this.#channel.postMessage({ id: this.id, began: this.#began });
    this.#heard.add(id);
    if (id !== this.id || began >= this.#began) return;
    this.#rename();
    this.#onRenamed();
  }
}
