// One stream, followed to its end through network failures: every frame in order, each once.
//
//   PUT (starts it; the id makes a repeat join it) ─┬─> frames ──> [DONE] or error: the end
//   GET + Last-Event-ID (never starts anything) ────┘      └─ cut, silent, asleep: GET from the last id
//
// Only a terminal frame (or 204) ends a stream. A body that ends without one was cut.

import { say } from '../system/words.js';
import { Connection, isEventStream } from './connection.js';
import { TIMING, backoff, pause } from './retry.js';
import { connectionLost, refusalOf, unreachable, unreadable } from './stream-error.js';

/** @import { Data, FollowOptions, StreamEvent, Waiting } from '../types.js' */
/** @import { StreamError } from './stream-error.js' */
/**
 * @typedef {{ ended?: boolean, wasCut?: boolean, busy?: StreamError, retryAfterMs?: number }} Outcome
 *   How a request ended: with the stream, or else with what decides when the next one is sent.
 */

/**
 * Yield what happens on this stream until it ends; throw a StreamError if it cannot be read.
 *
 * @param {string} url
 * @param {FollowOptions} [options]
 * @returns {AsyncGenerator<StreamEvent, void, void>}
 */
export async function* follow(url, options = {}) {
  const { signal, wake } = options;
  const reader = new StreamReader(url, options);
  while (!signal?.aborted) {
    const outcome = yield* reader.request();
    if (outcome.ended || signal?.aborted) return;
    const waiting = reader.waitAfter(outcome);
    yield waiting;
    await pause(waiting.ms, { signal, wake: waiting.why === 'busy' ? undefined : wake });
  }
}

/** What a reader knows of its stream from one request to the next. */
class StreamReader {
  #url;
  #options;
  #timing;
  /** The server has answered for this stream: from now on it is only followed. */
  #accepted;
  #lastEventId;
  #failures = 0;
  #busyReplies = 0;

  /** @param {string} url @param {FollowOptions} options */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
    this.#timing = { ...TIMING, ...options.timing };
    this.#accepted = options.body === undefined;
    this.#lastEventId = options.lastEventId ?? 0;
  }

  /** Send one request and yield its events. @returns {AsyncGenerator<StreamEvent, Outcome, void>} */
  async *request() {
    const { signal, wake, fetch = globalThis.fetch } = this.#options;
    const connection = new Connection({ signal, wake, timing: this.#timing });
    try {
      if (!this.#accepted) yield { type: 'sending' };
      const response = await connection.open(fetch, this.#url, this.#requestInit());
      if (response?.status === 204) return { ended: true };
      if (response?.ok && isEventStream(response)) return yield* this.#read(connection, response);
      const { retryAfterMs, busy } = response ? await this.#understand(response) : {};
      return { retryAfterMs, busy, wasCut: connection.wasCut };
    } finally {
      connection.close();
    }
  }

  /** Return when to send the next request; throw when there were too many. @param {Outcome} outcome @returns {Waiting} */
  waitAfter({ busy, retryAfterMs, wasCut }) {
    if (busy) return { type: 'waiting', why: 'busy', ms: retryAfterMs ?? 0, said: busy.message };
    const why = this.#accepted ? 'lost' : 'unreachable';
    if (isOffline()) return { type: 'waiting', why, ms: this.#timing.longestDelay, said: '' };
    this.#failures += 1;
    if (this.#failures >= (this.#accepted ? this.#timing.gets : this.#timing.puts))
      throw this.#accepted ? connectionLost() : unreachable();
    const delay = wasCut && this.#failures === 1 ? 0 : backoff(this.#failures, this.#timing);
    return { type: 'waiting', why, ms: retryAfterMs ?? delay, said: '' };
  }

  /** @param {Connection} connection @param {Response} response @returns {AsyncGenerator<StreamEvent, Outcome, void>} */
  async *#read(connection, response) {
    this.#accepted = true;
    yield { type: 'open', status: response.status };
    for await (const event of connection.events(response)) {
      const id = Number(event.id);
      if (!this.#receive(id)) continue;
      const data = parse(event.data);
      yield { type: 'frame', id, data };
      if (data === '[DONE]' || 'error' in data) return { ended: true };
    }
    if (connection.retryMs !== undefined) this.#timing.firstDelay = connection.retryMs;
    return { wasCut: connection.wasCut };
  }

  /** Count a frame as received; return false for one from before a cut, throw where one is missing. @param {number} id */
  #receive(id) {
    if (!(id > this.#lastEventId)) return false;
    if (id > this.#lastEventId + 1) throw unreadable(say('network.gap'));
    this.#lastEventId = id;
    this.#failures = 0;
    return true;
  }

  /** Return when to ask again after a response that is not a stream. @param {Response} response @returns {Promise<Outcome>} */
  async #understand(response) {
    if (!response.ok) return this.#refused(await refusalOf(response));
    // The page of a captive portal or a proxy: it may pass, but it must not start anything.
    if (!this.#accepted) throw unreadable(say('network.foreign'));
    return {};
  }

  /** @param {StreamError} refusal @returns {Outcome} */
  #refused(refusal) {
    const { longestBusy, busyPuts, firstDelay } = this.#timing;
    const wait = (refusal.retryAfter ?? Infinity) * 1000;
    const retryAfterMs = wait <= longestBusy ? Math.max(wait, firstDelay) : undefined;
    const isBusy = refusal.retryable && [429, 503].includes(refusal.status);
    if (!this.#accepted && isBusy && retryAfterMs !== undefined && this.#busyReplies < busyPuts) {
      this.#busyReplies += 1;
      return { busy: refusal, retryAfterMs: apart(retryAfterMs) };
    }
    if (!this.#isPassing(refusal)) throw refusal;
    return { retryAfterMs };
  }

  /** Return whether a proxy or the moment is to blame, so that the same request may be repeated. @param {StreamError} refusal */
  #isPassing({ code, status }) {
    return this.#accepted ? status === 429 || status >= 500 : code === 'no_answer' && status >= 500;
  }

  /** @returns {RequestInit} */
  #requestInit() {
    const { body } = this.#options;
    if (!this.#accepted) {
      const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };
      return { method: 'PUT', body, headers };
    }
    /** @type {Record<string, string>} */
    const headers = { Accept: 'text/event-stream' };
    if (this.#lastEventId > 0) headers['Last-Event-ID'] = String(this.#lastEventId);
    return { headers };
  }
}

/** Return whether the browser knows of no network: what fails then says nothing of the server, and is not counted. */
const isOffline = () => globalThis.navigator?.onLine === false;

/** Readers that were refused together come back apart. @param {number} ms */
function apart(ms) {
  return ms + Math.random() * Math.min(ms / 5, 2_000);
}

/** @param {string} text @returns {Data | '[DONE]'} */
function parse(text) {
  if (text === '[DONE]') return text;
  try {
    const data = JSON.parse(text);
    if (data !== null && typeof data === 'object') return data;
  } catch {
    // reported below
  }
  throw unreadable(say('network.unreadable'));
}
