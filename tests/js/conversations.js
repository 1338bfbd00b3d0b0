// What the tests of conversations share.

/** localStorage without a browser: its items are its own properties. */
export class FakeStorage {
  #writes = [];
  /** The keys that were written. */
  get writes() {
    return this.#writes;
  }
  getItem(key) {
    return this[key] ?? null;
  }
  setItem(key, value) {
    this[key] = value;
    this.#writes.push(key);
  }
  removeItem(key) {
    delete this[key];
  }
}

/** Let an answer end with this text. */
export function finish(conversation, answer, text) {
  conversation.accept(answer);
  for (const data of [{ text }, '[DONE]']) conversation.apply(answer, answer.lastEventId + 1, data);
}

/** Return a function that draws a number below its argument; the same ones for the same seed. */
export function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
