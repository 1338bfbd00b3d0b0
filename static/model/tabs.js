// Which tabs show this page: each has an id that it keeps over a reload, and answers when another one asks. One that
// goes says what it leaves; whether it is gone, or loads the page again, shows when it is asked.

import { uuid } from './message.js';

/** @import { Change, Channel, StorageLike } from '../types.js' */

const ID = 'claude-sse:tab';
/** How long the answers of other tabs are waited for. */
const ANSWERS_MS = 1000;

/** Dispatches `renamed` when this tab has another id, and `gone` with what another tab has left. */
export class Tabs extends EventTarget {
  /** @type {string} */
  id;
  #own;
  #channel;
  #began = performance.timeOrigin + performance.now();
  /** When each of the others has answered last, by its id. @type {Map<string, number>} */
  #heard = new Map();

  /**
   * A duplicated tab begins with the id of the other: it takes a new one.
   *
   * @param {StorageLike} own this tab's sessionStorage
   * @param {Channel} channel
   */
  constructor(own, channel) {
    super();
    this.#own = own;
    this.#channel = channel;
    this.id = own.getItem?.(ID) ?? '';
    if (!this.id) this.#rename();
    channel.addEventListener('message', ({ data }) => this.#hear(data));
    channel.postMessage({ asks: true });
  }

  /** Return the ids of the other tabs; one that is frozen is missed. */
  async others() {
    const asked = performance.now();
    this.#channel.postMessage({ asks: true });
    await aWhile();
    return new Set([...this.#heard].flatMap(([id, at]) => (at < asked ? [] : [id])));
  }

  /** The page goes, and perhaps the tab with it: another one shall store these. @param {Change[]} left */
  leave(left) {
    if (left.length) this.#channel.postMessage({ left, id: this.id });
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
  #hear({ asks, id, began, left }) {
    if (asks) return this.#channel.postMessage({ id: this.id, began: this.#began });
    if (left) return void this.#take(id, left);
    this.#heard.set(id, performance.now());
    if (id !== this.id || began >= this.#began) return;
    this.#rename();
    this.dispatchEvent(new Event('renamed'));
  }

  /** @param {string} id @param {Change[]} left */
  async #take(id, left) {
    await aWhile(); // it answers to its last moment, and a page that is loaded again not from its first
    const others = await this.others();
    if (!others.has(id)) this.dispatchEvent(new CustomEvent('gone', { detail: left }));
  }
}

/** As long as answers are waited for. */
const aWhile = () => new Promise((resolve) => setTimeout(resolve, ANSWERS_MS));
