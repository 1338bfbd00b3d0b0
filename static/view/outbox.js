// Questions on their way from the field to the store: one that does not get there is a draft again.
//
// A page that goes cannot wait for its last write. Such a question is remembered with its id, and the next page of the
// tab sees whether it is stored: given back in any case, it would stand in the field and in the conversation.

/** @import { Asked } from '../types.js' */

const KEY = 'claude-sse:outbox';

export class Outbox {
  /** @type {Set<Asked>} */
  #all = new Set();
  #giveBack;

  /** @param {(asked: Asked) => void} giveBack */
  constructor(giveBack) {
    this.#giveBack = giveBack;
    addEventListener('pagehide', () => this.#leave());
  }

  /** The conversation that was yet to come has an id now, or has it no longer. @param {string} place @param {string} id */
  move(place, id) {
    for (const asked of this.#all) if (asked.place === place) asked.place = id;
  }

  /** Send this; `send` resolves to whether it is stored. @param {Asked} asked @param {(asked: Asked) => Promise<boolean>} send */
  async send(asked, send) {
    this.#all.add(asked);
    if (!(await send(asked)) && !asked.isBack) this.#giveBack(asked);
    this.#all.delete(asked);
  }

  /** What is not asked yet goes back, and is not asked if the page comes back, either. */
  #leave() {
    const all = [...this.#all];
    for (const asked of all.filter(({ id, isBack }) => !id && !isBack)) {
      asked.isBack = true;
      this.#giveBack(asked);
    }
    const written = all.filter(({ id }) => id);
    if (!written.length) return;
    try {
      sessionStorage.setItem(KEY, JSON.stringify(written));
    } catch {
      // forbidden here, or full: they are written as well as can be
    }
  }

  /** Return what the last page of this tab was writing as it went, once. @returns {Asked[]} */
  takeLeft() {
    try {
      const left = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
      sessionStorage.removeItem(KEY);
      return left;
    } catch {
      return []; // forbidden here
    }
  }
}
