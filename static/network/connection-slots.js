// A browser has six connections to a server for all its tabs (HTTP/1.1), and a seventh request hangs, even
// that for the page: so at most four answers are followed at once. The others go on without us; whoever
// looks at one takes the seat of one that nobody looks at, and those take turns before the server gives up.

const SEATS = 4;
const TURN_MS = 15_000;

/** @typedef {{ seen: () => boolean, leave: () => void, since: number }} Guest `leave`: give the seat up, soon */

export class Seats {
  /** @type {Set<Guest>} */
  #guests = new Set();
  #channel;
  #seats;

  /** Other tabs are asked for a seat on this channel. @param {BroadcastChannel} channel */
  constructor(channel, seats = severalAtOnce() ? Infinity : SEATS) {
    this.#channel = channel;
    this.#seats = seats;
    channel.addEventListener('message', ({ data }) => data === 'seat' && this.#yield());
  }

  /** Wait for a seat; returns what gives it back, null when the signal was faster. @param {Guest} guest */
  async take(guest, signal) {
    if (this.#seats === Infinity) return () => {};
    for (let waited = 0; !signal.aborted; waited += 250) {
      const leave = await this.#free();
      if (leave) {
        guest.since = performance.now();
        this.#guests.add(guest);
        return () => {
          this.#guests.delete(guest);
          leave();
        };
      }
      if (waited % TURN_MS === (guest.seen() ? 0 : TURN_MS - 250) && !this.#yield())
        this.#channel.postMessage('seat');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return null;
  }

  /** Whether somebody who has sat long enough unseen leaves. */
  #yield() {
    const unseen = [...this.#guests]
      .filter(({ seen }) => !seen())
      .sort((a, b) => a.since - b.since)[0];
    unseen?.leave();
    return Boolean(unseen);
  }

  /** @returns {Promise<(() => void) | null>} */
  async #free() {
    if (!navigator.locks) return this.#guests.size < this.#seats ? () => {} : null;
    for (let n = 0; n < this.#seats; n += 1) {
      const leave = await hold(`claude-sse:seat:${n}`, { ifAvailable: true });
      if (leave) return leave;
    }
    return null;
  }
}

/** Hold this lock until the returned function is called; null where it is not to be had. @returns {Promise<(() => void) | null>} */
export function hold(name, options) {
  if (!navigator.locks) return Promise.resolve(() => {});
  return new Promise((resolve) => {
    navigator.locks
      .request(name, options, (lock) =>
        lock ? new Promise((release) => resolve(() => release(undefined))) : resolve(null),
      )
      .catch(() => resolve(null));
  });
}

/** HTTP/2 and later carry any number of streams on one connection. */
function severalAtOnce() {
  const [page] = performance.getEntriesByType('navigation');
  return /^h[23]/.test(/** @type {PerformanceNavigationTiming} */ (page)?.nextHopProtocol ?? '');
}
