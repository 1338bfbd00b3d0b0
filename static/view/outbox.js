// Questions on their way from the field to the store: one that does not get there is a draft again.
//
// A page that goes cannot wait for its last write. Such a question is remembered with its id, and the next page of the
// tab sees whether it is stored: given back in any case, it would stand in the field and in the conversation. Until the
// database can say, it is neither.

import { rememberList, rememberedList } from './dom.js';

/** @import { Asked } from '../types.js' */

const KEY = 'outbox';

export class Outbox {
  /** @type {Set<Asked>} */
  #all = new Set();
  /** What the last page of this tab was writing as it went, until it is known to be stored, or is a draft again. @type {Asked[]} */
  #left = rememberedList(KEY);
  #giveBack;

  /** @param {(asked: Asked) => void} giveBack */
  constructor(giveBack) {
    this.#giveBack = giveBack;
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', ({ persisted }) => persisted && rememberList(KEY, this.#left)); // it goes on itself
  }

  /** The conversation that was yet to come has an id now, or has it no longer. @param {string} place @param {string} id */
  move(place, id) {
    for (const asked of this.#all) if (asked.place === place) asked.place = id;
  }

  /** Send this; `send` resolves to whether it is stored. @param {Asked} asked @param {(asked: Asked) => Promise<boolean>} send */
  async send(asked, send) {
    this.#all.add(asked);
    let isStored = false;
    try {
      isStored = await send(asked);
    } finally {
      if (!isStored && !asked.isBack && !asked.id) this.#giveBack(asked);
      this.#all.delete(asked);
    }
  }

  /** Questions of the last page of this tab that may be stored or not. */
  get left() {
    return [...this.#left];
  }

  /** It is known now whether this is stored. @param {Asked} asked */
  settle(asked) {
    this.#left = this.#left.filter((one) => one !== asked);
    rememberList(KEY, this.#left);
  }

  /** What is not asked yet goes back, and is not asked if the page comes back, either. */
  #leave() {
    const all = [...this.#all];
    for (const asked of all.filter(({ id, isBack }) => !id && !isBack)) {
      asked.isBack = true;
      this.#giveBack(asked);
    }
    const written = all.filter(({ id }) => id);
    if (written.length) rememberList(KEY, [...this.#left, ...written]);
  }
}
