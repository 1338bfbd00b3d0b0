// What an import has not understood or could not take, counted by kind, so that it can be said.

export class Notes {
  /** @type {Map<string, { count: number, names: Set<string> }>} */
  #kinds = new Map();

  /** @param {string} kind @param {{ count?: number, name?: string }} [more] `name` is one to be said, such as a file's */
  add(kind, { count = 1, name = '' } = {}) {
    const known = this.#kinds.get(kind) ?? { count: 0, names: new Set() };
    known.count += count;
    if (name && known.names.size < 5) known.names.add(name.slice(0, 60));
    this.#kinds.set(kind, known);
  }

  /** Plain values, as a Worker can send them. */
  get all() {
    return [...this.#kinds].map(([kind, { count, names }]) => ({
      kind,
      count,
      names: [...names],
    }));
  }
}
