// Where in a text something comes next, for those who ask from left to right: it is searched for once, however many ask.

export class Next {
  #text;
  /** @type {Map<string, number>} */
  #known = new Map();

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** Where this comes from this place on; Infinity where it does not. @param {string} mark @param {number} from */
  of(mark, from) {
    const last = this.#known.get(mark) ?? -1;
    if (last >= from) return last;
    const found = this.#text.indexOf(mark, from);
    const at = found < 0 ? Infinity : found;
    this.#known.set(mark, at);
    return at;
  }
}
