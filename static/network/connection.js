// One request of a stream and its body. The caller can end it at any time, and so can a wake-up call (after
// a sleep a body may neither deliver nor fail) and silence.

import { say } from '../system/words.js';
import { SseParser } from './sse-parser.js';
import { unreadable } from './stream-error.js';

/** @import { ServerSentEvent, Timing } from '../types.js' */

/** Bytes that arrived during a sleep are read within this time; only then is a connection judged silent. */
const GRACE_MS = 100;
const SHORTEST_RETRY_MS = 100;

/** A request, from sending it to the last byte of its body. */
export class Connection {
  /** Silence or a wake-up call ended it on this side: the server may well be reachable. */
  wasCut = false;
  /** @type {number | undefined} what the stream asked for by `retry:` */
  retryMs;
  #controller = new AbortController();
  #heardAt = performance.now();
  #timing;
  #release;

  /** @param {{ signal?: AbortSignal, wake?: EventTarget, timing: Timing }} options */
  constructor({ signal, wake, timing }) {
    this.#timing = timing;
    const abort = () => this.#controller.abort();
    const cutIfSilent = (/** @type {Event} */ event) => {
      const { silentFor = 0 } = /** @type {CustomEvent} */ (event).detail ?? {};
      if (this.#silence() >= silentFor) this.#cut();
    };
    signal?.addEventListener('abort', abort);
    wake?.addEventListener('wake', cutIfSilent);
    const watchdog = setInterval(() => this.#checkSilence(), timing.check);
    this.#release = () => {
      signal?.removeEventListener('abort', abort);
      wake?.removeEventListener('wake', cutIfSilent);
      clearInterval(watchdog);
    };
  }

  /**
   * Send the request; resolve to null if there is no response.
   *
   * @param {typeof globalThis.fetch} fetch
   * @param {string} url
   * @param {RequestInit} init
   */
  async open(fetch, url, init) {
    const { signal } = this.#controller;
    try {
      return await fetch(url, { ...init, cache: 'no-store', redirect: 'manual', signal });
    } catch {
      return null;
    }
  }

  /** Yield the events of this body until it ends, complete or not. @param {Response} response */
  async *events(response) {
    if (!response.body) return;
    /** @type {ServerSentEvent[]} */
    let events = [];
    const parser = new SseParser({
      onEvent: (event) => events.push(event),
      onRetry: (ms) => this.#setRetry(ms),
    });
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // the parser drops the BOM itself
    const reader = response.body.getReader();
    for (let bytes; (bytes = await read(reader));) {
      this.#heardAt = performance.now();
      feed(parser, decoder.decode(bytes, { stream: true }));
      yield* events;
      events = [];
    }
  }

  close() {
    this.#release();
    this.#controller.abort(); // an unread body holds one of the browser's six connections
  }

  /** @param {number} ms */
  #setRetry(ms) {
    this.retryMs = Math.min(Math.max(ms, SHORTEST_RETRY_MS), this.#timing.longestDelay);
  }

  #silence() {
    return performance.now() - this.#heardAt;
  }

  #checkSilence() {
    if (this.#silence() < this.#timing.silence) return;
    setTimeout(() => this.#silence() >= this.#timing.silence && this.#cut(), GRACE_MS);
  }

  #cut() {
    this.wasCut = true;
    this.#controller.abort();
  }
}

/** Return whether the body is an event stream, by its Content-Type. @param {Response} response */
export function isEventStream(response) {
  return /^text\/event-stream\s*(;|$)/i.test(response.headers.get('Content-Type') ?? '');
}

/** The next bytes; undefined at the end or when the connection breaks. @param {ReadableStreamDefaultReader<Uint8Array>} reader */
function read(reader) {
  return reader.read().then(
    ({ value }) => value,
    () => undefined,
  );
}

/** @param {SseParser} parser @param {string} text */
function feed(parser, text) {
  try {
    parser.feed(text);
  } catch {
    throw unreadable(say('network.large-part'));
  }
}
