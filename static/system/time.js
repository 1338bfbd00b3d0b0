// Time: durations come from the monotonic clock, dates from the wall clock; and what is only optional
// (storage, a lock, a list, a library) is waited for three seconds, not longer.

export const PATIENCE_MS = 3_000;
const TICKS = 3;
/** A pause before another attempt. */
const AGAIN_MS = 5_000;

/** The time in ms, comparable between pages of this browser; it only ever goes forward. */
export const now = () => performance.timeOrigin + performance.now();

/** Return how long ago that was by the same clock, in ms; an earlier page's may be ahead. @param {number} began */
export const since = (began, at = now()) => Math.max(0, at - began);

/** It was waited for long enough; it may still come. */
export class Late extends Error {
  name = 'Late';
}

/**
 * Settle like `work`, or reject with `Late` after three seconds; a later rejection is ignored.
 *
 * @template T
 * @param {T | PromiseLike<T>} work
 * @returns {Promise<T>}
 */
export function atMost(work) {
  return new Promise((resolve, reject) => {
    let ticks = 0;
    // Not one timer: a page that slept, and whose timers are all due when it wakes, waits on.
    const timer = setInterval(() => {
      ticks += 1;
      if (ticks === TICKS) end(() => reject(new Late('this takes too long')));
    }, PATIENCE_MS / TICKS);
    const end = (/** @type {() => void} */ settle) => {
      clearInterval(timer);
      settle();
    };
    Promise.resolve(work).then(
      (value) => end(() => resolve(value)),
      (error) => end(() => reject(error)),
    );
  });
}

/**
 * Resolve to what `work` resolves to, attempted again every five seconds while it rejects; to undefined once `isWanted`
 * says no.
 *
 * @template T
 * @param {() => Promise<T>} work
 * @param {() => boolean} isWanted
 * @returns {Promise<T | undefined>}
 */
export async function untilDone(work, isWanted) {
  while (isWanted()) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
