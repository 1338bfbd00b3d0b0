// Which runs of backticks pair: each is looked up among all of its length.

export class CodeSpans {
  #text;
  /** The places of the runs by length, in order. @type {Map<number, number[]> | undefined} */
  #runs;
  /** How many of them have been passed. @type {Map<number, number>} */
  #passed = new Map();

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** The length of the run that begins here, and where its span ends; 0 where nothing closes it. @param {number} at */
  at(at) {
    const text = this.#text;
    let end = at;
    while (text[end] === '`') end++;
    const length = end - at;
    const places = this.#places().get(length) ?? [];
    let i = this.#passed.get(length) ?? 0;
    while (places[i] < end) i++;
    this.#passed.set(length, i);
    return { length, end: i < places.length ? places[i] + length : 0 };
  }

  #places() {
    if (this.#runs) return this.#runs;
    this.#runs = new Map();
    for (const { 0: run, index } of this.#text.matchAll(/`+/g)) {
      const places = this.#runs.get(run.length);
      if (places) places.push(index);
      else this.#runs.set(run.length, [index]);
    }
    return this.#runs;
  }
}
