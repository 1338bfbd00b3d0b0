// Questions on their way from the field to the store: one that does not get there is a draft again.

/** @import { Asked } from '../types.js' */

export class Outbox {
  /** @type {Set<Asked>} */
  #all = new Set();
  #giveBack;

  /** @param {(asked: Asked) => void} giveBack */
  constructor(giveBack) {
    this.#giveBack = giveBack;
    addEventListener('pagehide', () => this.#all.forEach(giveBack));
  }

  /** The conversation that was yet to come has an id now, or has it no longer. @param {string} place @param {string} id */
  move(place, id) {
    for (const asked of this.#all) if (asked.place === place) asked.place = id;
  }

  /** Send this; `send` resolves to whether it is stored. @param {Asked} asked @param {(asked: Asked) => Promise<boolean>} send */
  async send(asked, send) {
    this.#all.add(asked);
    if (!(await send(asked))) this.#giveBack(asked);
    this.#all.delete(asked);
  }
}
