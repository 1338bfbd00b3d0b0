// When a request is repeated: how many times, and after how long.

/** @import { Timing } from '../types.js' */

/** @type {Timing} */
export const TIMING = {
  silence: 30_000, // three missed heartbeats
  check: 5_000,
  firstDelay: 1_000,
  longestDelay: 15_000,
  longestBusy: 60_000,
  puts: 5,
  busyPuts: 20,
  gets: 45, // about ten minutes
  stop: 5_000,
};

/**
 * Return the delay after this number of failures in a row, in ms; it doubles up to the longest.
 *
 * @param {number} failures
 * @param {Timing} timing
 */
export function backoff(failures, { firstDelay, longestDelay }) {
  const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 10));
  return delay * (0.5 + Math.random() / 2); // readers that were cut together return apart
}

/**
 * Wait for this number of ms; a signal or a wake-up call ends the wait early.
 *
 * @param {number} ms
 * @param {{ signal?: AbortSignal, wake?: EventTarget }} interrupts
 * @returns {Promise<void>}
 */
export function pause(ms, { signal, wake }) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      wake?.removeEventListener('wake', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    wake?.addEventListener('wake', done);
    if (signal?.aborted) done();
  });
}
