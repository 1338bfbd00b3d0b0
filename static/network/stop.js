// Stops a stream on the server: until the server has heard of it, Claude may go on writing.

import { TIMING, backoff, pause } from './retry.js';

/** @import { FollowOptions, StopReply, Timing } from '../types.js' */

/**
 * Send DELETE until the server has answered; return its reply, or null if the signal fires first.
 *
 * `onLost` is called after each failed attempt, with the HTTP status or 0.
 *
 * @param {string} url
 * @param {FollowOptions} [options]
 * @returns {Promise<StopReply | null>}
 */
export async function stop(url, options = {}) {
  const { fetch = globalThis.fetch, onLost, wake, signal } = options;
  const timing = { ...TIMING, ...options.timing };
  for (let attempts = 1; !signal?.aborted; attempts += 1) {
    const reply = await tryStop(fetch, url, timing);
    if (typeof reply !== 'number') return reply;
    onLost?.(reply);
    await pause(backoff(attempts, timing), { signal, wake });
  }
  return null;
}

/**
 * Return the reply, or the status (0 without a response) where the server may not have stopped the stream.
 *
 * @param {typeof globalThis.fetch} fetch
 * @param {string} url
 * @param {Timing} timing
 * @returns {Promise<StopReply | number>}
 */
async function tryStop(fetch, url, timing) {
  let status = 0;
  try {
    const response = await fetch(url, {
      method: 'DELETE',
      keepalive: true, // a page that is left right after Stop still sends it
      cache: 'no-store',
      signal: AbortSignal.timeout(timing.stop),
    });
    status = response.status;
    if (response.ok) return await response.json();
    if (status < 500 && status !== 401 && status !== 429) return { ended: true, last_event_id: 0 };
  } catch {
    // not reached, too slow, or not JSON
  }
  return status;
}
