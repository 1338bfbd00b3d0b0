// One request of a stream and its body: it can be cut at any time by the caller, by a wake-up call (a
// body may neither deliver nor fail after a sleep) and by silence; what it cannot give has a reason.

import { createParser } from './sse-parser.js';

/** @import { ServerSentEvent, Timing } from '../types.js' */

/** One request, from its sending to the last byte of its body. */
export class Connection {
  /** It was cut here, by silence or a wake-up call: the server may well be there. */
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
    const woken = (event) => {
      if (this.#silence() >= /** @type {CustomEvent} */ ((event).detail?.silentFor ?? 0))
        this.#cut();
    };
    signal?.addEventListener('abort', abort);
    wake?.addEventListener('wake', woken);
    const watchdog = setInterval(() => this.#watch(), timing.check);
    this.#release = () => {
      signal?.removeEventListener('abort', abort);
      wake?.removeEventListener('wake', woken);
      clearInterval(watchdog);
    };
  }

  /** Send the request; resolve to null where there is no response. */
  async open(fetch, url, init) {
    try {
      return await fetch(url, {
        ...init,
        cache: 'no-store',
        redirect: 'manual',
        signal: this.#controller.signal,
      });
    } catch {
      return null;
    }
  }

  /** Yield the events of this body until it ends, well or badly. */
  async *events(response) {
    if (!response.body) return;
    /** @type {ServerSentEvent[]} */
    let events = [];
    const parser = createParser({
      onEvent: (event) => events.push(event),
      onRetry: (ms) => (this.retryMs = Math.min(Math.max(ms, 100), this.#timing.longestDelay)),
    });
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // the parser takes the BOM away
    const reader = response.body.getReader();
    for (;;) {
      const bytes = await reader.read().then(
        ({ value }) => value,
        () => undefined,
      );
      if (!bytes) return;
      this.#heardAt = performance.now();
      try {
        parser.feed(decoder.decode(bytes, { stream: true }));
      } catch {
        throw unreadable('The answer could not be read: one of its parts is too large.');
      }
      yield* events;
      events = [];
    }
  }

  close() {
    this.#release();
    this.#controller.abort(); // a body that nobody reads holds one of the browser's six connections
  }

  #silence() {
    return performance.now() - this.#heardAt;
  }

  #watch() {
    if (this.#silence() < this.#timing.silence) return;
    // After a sleep the clock has run but bytes may lie waiting: let them be read before the verdict.
    setTimeout(() => this.#silence() >= this.#timing.silence && this.#cut(), 100);
  }

  #cut() {
    this.wasCut = true;
    this.#controller.abort();
  }
}

/** Why a stream could not be had: the server's own sentence, or ours where it could not speak. */
export class StreamError extends Error {
  code = 'error';
  status = 0;
  retryable = false;
  /** @type {number | undefined} in s */
  retryAfter;
  /** @type {string | undefined} */
  requestId;

  /** @param {string} message @param {Partial<StreamError>} facts */
  constructor(message, facts) {
    super(message);
    Object.assign(this, facts);
  }
}

export function isEventStream(response) {
  return /^text\/event-stream\s*(;|$)/i.test(response.headers.get('Content-Type') ?? '');
}

/** Return what a response that is no stream says, or what can be said for it. */
export async function refusalOf(response) {
  const { status } = response;
  /** @type {Record<string, any>} */
  const told = await response.json().catch(() => ({}));
  const header = Number.parseFloat(response.headers.get('Retry-After') ?? '');
  const retryAfter = told.retry_after ?? (Number.isNaN(header) ? undefined : header);
  if (typeof told.error === 'string') {
    const { code = 'error', retryable = false, request_id: requestId } = told;
    return new StreamError(told.error, { code, status, retryable, retryAfter, requestId });
  }
  const sentence =
    response.type === 'opaqueredirect'
      ? 'The server sent this page elsewhere: load it again, and sign in if asked.'
      : `The server did not answer as expected (HTTP ${status}).`;
  return new StreamError(sentence, {
    code: 'no_answer',
    status,
    retryable: status >= 500 || status === 429,
    retryAfter,
  });
}

export function unreadable(sentence) {
  return new StreamError(sentence, { code: 'protocol', retryable: true });
}
