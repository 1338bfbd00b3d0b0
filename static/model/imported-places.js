// Where the messages of a file stand in its tree: their ids and moments in the file become new ones.

import { uuid } from './message.js';

export class ImportedPlaces {
  /** @type {any[]} */
  #messages;
  /** New ids by those in the file. @type {Map<string, string>} */
  #ids = new Map();
  /** @type {string[]} */
  #own;
  /** @type {number[]} */
  #moments = [];
  /** When versions were chosen, by their new ids. @type {Record<string, number>} */
  chosen = {};

  /**
   * What happened in the file in some order, happened from `now` on in the same order.
   *
   * @param {any[]} messages
   * @param {unknown} chosen
   * @param {number} now
   */
  constructor(messages, chosen, now) {
    this.#messages = messages;
    this.#own = messages.map(({ id }) => this.#newId(id));
    const asked = messages.map(({ n }, i) => ({ i, id: '', moment: Number.isFinite(n) ? n : i }));
    const choices = Object.entries(Object(chosen))
      .filter(([id]) => this.#ids.has(id))
      .map(([id, at]) => ({ i: -1, id: this.#ids.get(id) ?? '', moment: Number(at) || 0 }));
    const inOrder = [...asked, ...choices].sort((a, b) => a.moment - b.moment);
    for (const [rank, { i, id }] of inOrder.entries()) {
      if (id) this.chosen[id] = now + rank;
      else this.#moments[i] = now + rank;
    }
  }

  /** Return the place of a message; one of version 1 gets what is missing from its order. @param {number} i @returns {any} */
  of(i) {
    const { parent, replaced } = this.#messages[i];
    const isPlaced = typeof parent === 'string';
    return {
      id: this.#own[i],
      n: this.#moments[i],
      parent: isPlaced ? this.#parent(parent) : undefined,
      ...(!isPlaced && replaced === true && { replaced }),
    };
  }

  /** @param {unknown} id */
  #newId(id) {
    const fresh = uuid();
    if (typeof id === 'string' && id && !this.#ids.has(id)) this.#ids.set(id, fresh);
    return fresh;
  }

  /** One that is not in the file is not here either, but its versions stay together. @param {string} id */
  #parent(id) {
    return id && (this.#ids.get(id) ?? this.#newId(id));
  }
}
