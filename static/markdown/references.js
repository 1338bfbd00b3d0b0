// Which labels are defined, and what has to be drawn again when one is: a definition may come long after the text
// that mentions it, and so may the table of character references.

import { mentionsUnknown } from './entities.js';
import { labelsIn } from './lexer.js';

/** @import { Links, Settled } from '../types.js' */

export class References {
  /** @type {Links} of settled text */
  links = Object.create(null);
  /** What mentions a label that is defined by now. @type {Set<Settled>} */
  incomplete = new Set();
  /** @type {Map<string, Settled[]>} by label */
  #mentions = new Map();
  /** What has a character reference that is not known yet. @type {Settled[]} */
  #unknown = [];
  #version = 0;
  #own = '';

  /** This is on the page; a definition may still complete it. @param {Settled} block */
  remember(block) {
    if (mentionsUnknown(block.raw)) this.#unknown.push(block);
    for (const label of labelsIn(block.raw)) {
      if (label in this.links) continue;
      const known = this.#mentions.get(label);
      if (known) known.push(block);
      else this.#mentions.set(label, [block]);
    }
  }

  /** From now on these hold. @param {Links} links */
  define(links) {
    for (const label in links) {
      this.links[label] = links[label];
      this.#version++;
      for (const block of this.#mentions.get(label) ?? []) this.incomplete.add(block);
      this.#mentions.delete(label);
    }
  }

  /** All character references are known from now on. */
  learn() {
    for (const block of this.#unknown.splice(0)) this.incomplete.add(block);
    this.#version++;
  }

  /** A short name for all that is defined, with `own` on top: another one whenever that changes. @param {Links} own */
  version(own) {
    const all = JSON.stringify(own);
    if (all !== this.#own) this.#version++;
    this.#own = all;
    return `${this.#version}`;
  }
}
