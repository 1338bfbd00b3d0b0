// Web Locks: one tab does a thing, and the next takes over when it goes. A frozen tab keeps its locks and does
// nothing, so tabs that wait ask who holds a lock, each second: a lock for which no tab answers counts as free.

import { atMost } from './time.js';

/** @import { Channel } from '../types.js' */
/** @typedef {() => void} Release */

const ASK_MS = 1_000;
const ASKS = 3;

export class Locks {
  #channel;
  /** Those that this tab holds. @type {Set<string>} */
  #held = new Set();
  /** Those that are waited for. @type {Set<Watch>} */
  #watches = new Set();

  /** @param {Channel} channel */
  constructor(channel) {
    this.#channel = channel;
    channel.addEventListener('message', ({ data }) => this.#hear(data));
  }

  /** Hold this lock, as soon as no tab that answers does; null if the signal fires first. @param {string} name @param {AbortSignal} signal @returns {Promise<Release | null>} */
  async acquire(name, signal) {
    const granted = request(name, { signal });
    const { watch, stop } = this.watch([name]);
    const aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
    try {
      const release = await Promise.race([granted, watch.silence, aborted]);
      if (release === null || signal.aborted) return null;
      return this.#hold(name, release ?? releaseOf(granted));
    } finally {
      stop();
    }
  }

  /** Hold this lock if it is free; null if it is not. @param {string} name @returns {Promise<Release | null>} */
  async tryAcquire(name) {
    if (this.#held.has(name)) return null;
    const granted = request(name, { ifAvailable: true });
    const release = await atMost(granted).catch(() => releaseOf(granted));
    return release && this.#hold(name, release);
  }

  /** Hold one of the locks that are watched whose holder does not answer; null if there is none. @param {Watch} watch */
  takeOver(watch) {
    const name = watch.names.find((one) => watch.isSilent(one) && !this.#held.has(one));
    return name === undefined ? null : this.#hold(name, () => {});
  }

  /** Ask who holds these, until `stop` is called. @param {string[]} names */
  watch(names) {
    const watch = new Watch(names, () => {
      watch.heard([...this.#held]);
      this.#channel.postMessage({ whoHolds: names });
    });
    this.#watches.add(watch);
    const stop = () => {
      watch.stop();
      this.#watches.delete(watch);
    };
    return { watch, stop };
  }

  /** @param {any} message */
  #hear(message) {
    const { whoHolds, held } = message ?? {};
    if (Array.isArray(held)) for (const watch of this.#watches) watch.heard(held);
    const mine = Array.isArray(whoHolds) ? whoHolds.filter((name) => this.#held.has(name)) : [];
    if (mine.length) this.#channel.postMessage({ held: mine });
  }

  /** @param {string} name @param {Release} release @returns {Release} */
  #hold(name, release) {
    this.#held.add(name);
    return () => {
      this.#held.delete(name);
      release();
    };
  }
}

/** Locks that others hold, and how many questions in a row were answered for none of them. */
class Watch {
  names;
  /** @type {Map<string, number>} */
  #unanswered = new Map();
  #ask;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(value: undefined) => void} */
  #tell = () => {};
  /** Resolves once no tab answers for one of them. @type {Promise<undefined>} */
  silence = new Promise((resolve) => (this.#tell = resolve));

  /** @param {string[]} names @param {() => void} ask */
  constructor(names, ask) {
    this.names = names;
    this.#ask = ask;
    this.#next();
  }

  /** @param {string} name */
  isSilent(name) {
    return (this.#unanswered.get(name) ?? 0) >= ASKS;
  }

  /** A tab answers for these. @param {string[]} names */
  heard(names) {
    for (const name of names) this.#unanswered.set(name, 0);
  }

  stop() {
    clearTimeout(this.#timer);
  }

  #next() {
    this.#timer = setTimeout(() => {
      for (const name of this.names)
        this.#unanswered.set(name, (this.#unanswered.get(name) ?? 0) + 1);
      this.#ask();
      if (this.names.some((name) => this.isSilent(name))) this.#tell(undefined);
      this.#next();
    }, ASK_MS);
  }
}

/** Resolve to what releases the lock, or to null if it cannot be had. @param {string} name @param {LockOptions} options @returns {Promise<Release | null>} */
function request(name, options) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    navigator.locks
      .request(name, options, (lock) =>
        lock ? new Promise((release) => resolve(() => release(undefined))) : resolve(null),
      )
      .catch(() => resolve(options.signal?.aborted ? null : () => {})); // forbidden: a tab is alone
  });
}

/** Return what releases a lock that may be granted yet. @param {Promise<Release | null>} granted @returns {Release} */
function releaseOf(granted) {
  return () => void granted.then((release) => release?.());
}
