// A browser has six connections to a server for all its tabs (HTTP/1.1), and a seventh request hangs, even
// that for the page. So at most four answers are followed concurrently; the others go on unread. An answer
// that the reader can see takes the slot of one that is out of sight, and those take turns before the server
// gives up on their readers.

import { Locks } from '../system/locks.js';

const SLOTS = 4;
const TURN_MS = 15_000;
const POLL_MS = 250;
/** What tabs ask each other for. */
const REQUEST = 'slot';
/** Their locks' names, before the number. */
const SLOT = 'claude-sse:slot:';

/** @import { Channel, Holder } from '../types.js' */

export class ConnectionSlots {
  /** @type {Set<Holder>} */
  #holders = new Set();
  #channel;
  #locks;
  /** The locks of the slots; none where there is no limit. */
  #names;

  /** Other tabs are asked for a slot on this channel. @param {Channel} channel */
  constructor(channel, count = isMultiplexed() ? Infinity : SLOTS, locks = new Locks(channel)) {
    this.#channel = channel;
    this.#locks = locks;
    this.#names = count === Infinity ? [] : Array.from({ length: count }, (_, n) => `${SLOT}${n}`);
    channel.addEventListener('message', ({ data }) => data === REQUEST && this.#yieldOne());
  }

  /**
   * Wait for a slot; return the function that releases it, or null if the signal fires first.
   *
   * @param {Holder} holder
   * @param {AbortSignal} signal
   * @returns {Promise<(() => void) | null>}
   */
  async acquire(holder, signal) {
    if (!this.#names.length) return () => {};
    const { watch, stop } = this.#locks.watch(this.#names);
    try {
      for (let waitedMs = 0; !signal.aborted; waitedMs += POLL_MS) {
        const release = (await this.#tryAcquire()) ?? this.#locks.takeOver(watch);
        if (release) return this.#hold(holder, release);
        if (isTurn(waitedMs, holder) && !this.#yieldOne()) this.#channel.postMessage(REQUEST);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return null;
    } finally {
      stop();
    }
  }

  /** @param {Holder} holder @param {() => void} release */
  #hold(holder, release) {
    holder.since = performance.now();
    this.#holders.add(holder);
    return () => {
      this.#holders.delete(holder);
      release();
    };
  }

  /** Ask the holder that has been out of sight longest to leave; return whether there is one. */
  #yieldOne() {
    const [unseen] = [...this.#holders]
      .filter(({ isSeen }) => !isSeen())
      .sort((a, b) => a.since - b.since);
    unseen?.leave();
    return Boolean(unseen);
  }

  /** @returns {Promise<(() => void) | null>} */
  async #tryAcquire() {
    for (const name of this.#names) {
      const release = await this.#locks.tryAcquire(name);
      if (release) return release;
    }
    return null;
  }
}

/**
 * Return whether it is time to ask for a slot that is taken: immediately and after each turn for an answer in sight,
 * at the end of each turn for another.
 *
 * @param {number} waitedMs
 * @param {Holder} holder
 */
function isTurn(waitedMs, holder) {
  return waitedMs % TURN_MS === (holder.isSeen() ? 0 : TURN_MS - POLL_MS);
}

/** HTTP/2 and later carry any number of streams on one connection. */
function isMultiplexed() {
  const [page] = performance.getEntriesByType('navigation');
  return /^h[23]/.test(/** @type {PerformanceNavigationTiming} */ (page)?.nextHopProtocol ?? '');
}
