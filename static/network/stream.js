// One stream, followed to its end through whatever the network does: every frame in order, each once.
//
//   PUT (starts it; the id makes a repeat join it) ─┬─> frames ──> [DONE] or error: the end
//   GET + Last-Event-ID (never starts anything) ────┘      └─ cut, silent, asleep: GET from the last id
//
// Only a terminal frame (or 204) ends a stream. A body that ends without one was cut.

import { Connection, StreamError, isEventStream, refusalOf, unreadable } from './connection.js';

export { StreamError };

/** @import { Data, FollowOptions, StreamEvent, Timing } from '../types.js' */

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
 * Yield what happens on this stream until it ends; throw a StreamError when it cannot be had.
 *
 * @param {string} url
 * @param {FollowOptions} [options]
 * @returns {AsyncGenerator<StreamEvent, void, void>}
 */
export async function* follow(url, options = {}) {
  const { body, signal, wake, fetch = globalThis.fetch } = options;
  const timing = { ...TIMING, ...options.timing };
  let last = options.lastEventId ?? 0;
  let begun = body === undefined;
  let lost = 0;
  let busy = 0;

  while (!signal?.aborted) {
    const connection = new Connection({ signal, wake, timing });
    /** @type {'busy' | 'unreachable' | 'lost'} */
    let why = begun ? 'lost' : 'unreachable';
    let delay = -1;
    let said = '';
    try {
      if (!begun) yield { type: 'sending' };
      const response = await connection.open(fetch, url, begun ? following(last) : starting(body));
      if (response?.status === 204) return;
      if (response?.ok && isEventStream(response)) {
        begun = true;
        why = 'lost';
        yield { type: 'open', status: response.status };
        for await (const event of connection.events(response)) {
          const id = Number(event.id);
          if (!(id > last)) continue; // received before the cut
          if (id > last + 1) throw unreadable('A part of the answer was lost on its way.');
          last = id;
          lost = 0;
          const data = parse(event.data);
          yield { type: 'frame', id, data };
          if (data === '[DONE]' || 'error' in data) return;
        }
        if (connection.retryMs !== undefined) timing.firstDelay = connection.retryMs;
      } else if (response?.ok) {
        // a captive portal, or a proxy's page: it may pass, but it must not start anything
        if (!begun) throw unreadable('Something else than the server answered.');
      } else if (response) {
        const refusal = await refusalOf(response);
        const patient = refusal.retryable && [429, 503].includes(refusal.status);
        const wait = (refusal.retryAfter ?? Infinity) * 1000;
        if (patient && !begun && wait <= timing.longestBusy && busy < timing.busyPuts) {
          busy += 1;
          why = 'busy';
          said = refusal.message;
          delay = Math.max(wait, timing.firstDelay);
          delay += Math.random() * Math.min(delay / 5, 2_000); // those who were refused together
        } else if (!isPassing(refusal, begun)) {
          throw refusal;
        } else if (wait <= timing.longestBusy) {
          delay = Math.max(wait, timing.firstDelay);
        }
      }
    } finally {
      connection.close();
    }
    if (signal?.aborted) return;
    if (why !== 'busy') {
      lost += 1;
      if (lost >= (begun ? timing.gets : timing.puts)) throw begun ? gone() : unreachable();
      if (delay < 0) delay = connection.wasCut && lost === 1 ? 0 : backoff(lost, timing);
    }
    yield { type: 'waiting', why, ms: delay, said };
    await pause(delay, { signal, wake: why === 'busy' ? undefined : wake });
  }
}

/**
 * Tell the server to stop this stream, again and again until it has heard; return its reply, or null when
 * the signal was faster. `onLost` is called each time that it could not be told, with the status or 0.
 *
 * @param {string} url
 * @param {FollowOptions} [options]
 * @returns {Promise<{ ended: boolean, last_event_id: number, stop_reason?: string } | null>}
 */
export async function stop(
  url,
  { fetch = globalThis.fetch, onLost, wake, signal: ending, ...options } = {},
) {
  const timing = { ...TIMING, ...options.timing };
  for (let tries = 1; !ending?.aborted; tries += 1) {
    let status = 0;
    try {
      const signal = AbortSignal.timeout(timing.stop);
      // keepalive: a page that is left right after Stop still sends it
      const response = await fetch(url, {
        method: 'DELETE',
        keepalive: true,
        cache: 'no-store',
        signal,
      });
      ({ status } = response);
      if (response.ok) return await response.json();
      if (status < 500 && status !== 401 && status !== 429)
        return { ended: true, last_event_id: 0 };
    } catch {
      // not reached, too slow, or not JSON
    }
    onLost?.(status);
    await pause(backoff(tries, timing), { signal: ending, wake });
  }
  return null;
}

/** @returns {RequestInit} */
function starting(body) {
  return {
    method: 'PUT',
    body,
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
  };
}

/** @returns {RequestInit} */
function following(last) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'text/event-stream' };
  if (last > 0) headers['Last-Event-ID'] = String(last);
  return { headers };
}

/** @returns {Data | '[DONE]'} */
function parse(text) {
  if (text === '[DONE]') return text;
  try {
    const data = JSON.parse(text);
    if (data !== null && typeof data === 'object') return data;
  } catch {
    // told below
  }
  throw unreadable('The answer could not be read.');
}

/** Whether a refusal is the way's or the hour's, so that the same request may be sent again. @param {StreamError} refusal */
function isPassing({ code, status }, begun) {
  return begun ? status === 429 || status >= 500 : code === 'no_answer' && status >= 500;
}

function unreachable() {
  return new StreamError('The server cannot be reached: check the connection, and try again.', {
    code: 'no_connection',
    retryable: true,
  });
}

function gone() {
  return new StreamError('The connection to the server is lost. What came is kept.', {
    code: 'connection_lost',
    retryable: true,
  });
}

function backoff(failures, { firstDelay, longestDelay }) {
  const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 10));
  return delay * (0.5 + Math.random() / 2); // many readers cut at once must not return at once
}

/** Wait; a signal or a wake-up call ends the wait. @param {number} ms @param {FollowOptions} interrupts @returns {Promise<void>} */
function pause(ms, { signal, wake }) {
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
