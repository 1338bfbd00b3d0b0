// The answers that are being followed, each to its end, whether or not anybody looks at them.

import { acquireLock } from '../network/connection-slots.js';
import { stop } from '../network/stop.js';
import { StreamError } from '../network/stream-error.js';
import { follow } from '../network/stream.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { ConnectionSlots } from '../network/connection-slots.js' */
/** @import { Answer, StreamEvent } from '../types.js' */
/**
 * @typedef {{ conversation: Conversation, answer: Answer, ending: AbortController, reading: AbortController, sending: boolean }} Run
 *   `sending`: its PUT is on its way, nobody knows yet what became of it.
 * @typedef {{
 *   streams: string, wake: EventTarget, slots: ConnectionSlots, isSeen: (conversation: Conversation) => boolean,
 *   onChange: (conversation: Conversation, answer: Answer) => void,
 *   onRuns: () => void,
 *   onSignedOut: () => void,
 *   onFaulty: (conversation: Conversation, answer: Answer, message: string) => boolean,
 * }} Options `onFaulty`: the question itself must change; whether it went back to the reader.
 */

/** A question that a reload caught on its way is sent again only while the reader still waits for it. */
const FRESH_MS = 120_000;
/** How long the last words of a stopped answer (how many tokens it cost) are waited for. */
const LAST_WORDS_MS = 5_000;
/** Statuses by which the server says that the question itself must change. */
const FAULTY = [400, 409, 413, 414, 415, 422];

export class Runs {
  /** @type {Map<string, Run>} */
  #runs = new Map();
  /** The ids of answers whose stop the server has not confirmed. @type {Set<string>} */
  #stopping = new Set();
  #options;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** The ids of the conversations in which an answer is being written. */
  get busy() {
    return new Set(Array.from(this.#runs.values(), ({ conversation }) => conversation.meta.id));
  }

  /** Go on with all answers of this conversation that have not ended. @param {Conversation} conversation */
  resume(conversation) {
    for (const answer of conversation.open()) {
      if (this.#runs.has(answer.id)) continue;
      if (answer.stopping) this.#finishStopping(conversation, answer);
      else this.run(conversation, answer, !answer.accepted && Date.now() - answer.at < FRESH_MS);
    }
  }

  /** The button is free at once, whatever the network does. */
  stop(conversation) {
    for (const run of this.#runs.values()) {
      if (run.conversation.meta.id !== conversation) continue;
      this.#release(run);
      run.conversation.update(run.answer, { stopping: true });
      this.#options.onChange(run.conversation, run.answer);
      // A DELETE must not overtake its PUT: while one is on its way, the reading ends with its head.
      if (!run.sending) run.ending.abort();
    }
  }

  /** Follow an answer to its end; `asking` sends its question first. @param {Conversation} conversation @param {Answer} answer */
  async run(conversation, answer, asking) {
    /** @type {Run} */
    const run = {
      conversation,
      answer,
      ending: new AbortController(),
      reading: new AbortController(),
      sending: false,
    };
    this.#runs.set(answer.id, run);
    this.#options.onRuns();
    this.#options.onChange(conversation, answer);
    // One tab follows, the others hear from it, and the next takes over when it goes.
    const leave = await acquireLock(`claude-sse:answer:${answer.id}`, { signal: run.ending.signal });
    try {
      if (leave && answer.state === 'streaming') await this.#read(run, asking);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (error.code === 'sign_in')
        this.#options.onSignedOut(); // and go on with it afterwards
      else if (!answer.stopping) this.#fail(conversation, answer, error);
    } finally {
      this.#release(run);
      this.#options.onChange(conversation, answer);
      leave?.();
    }
    if (answer.stopping && answer.state === 'streaming')
      await this.#finishStopping(conversation, answer);
  }

  /** Read until the end, with pauses where the seat is wanted by somebody else. @param {Run} run */
  async #read(run, asking) {
    const { conversation, answer, ending } = run;
    const holder = {
      isSeen: () => run.sending || this.#options.isSeen(conversation),
      leave: () => run.reading.abort(),
      since: 0,
    };
    do {
      const leave = await this.#options.slots.acquire(holder, ending.signal);
      if (!leave) return;
      run.reading = new AbortController();
      try {
        if (!conversation.messages.includes(answer)) return; // taken back in the tab that was before us
        const body =
          asking && !answer.accepted ? JSON.stringify(conversation.request(answer)) : undefined;
        const signal = AbortSignal.any([run.reading.signal, ending.signal]);
        for await (const event of this.#follow(answer, { body, signal })) {
          this.#apply(conversation, answer, event);
          run.sending = event.type === 'sending';
          if (answer.stopping && !run.sending) break;
        }
      } finally {
        leave();
      }
    } while (run.reading.signal.aborted && !ending.signal.aborted && answer.state === 'streaming');
    // 204: all of it was received before
    if (answer.state === 'streaming' && !answer.stopping && !ending.signal.aborted)
      conversation.end(answer, 'done');
  }

  /** @param {Conversation} conversation @param {Answer} answer @param {StreamEvent} event */
  #apply(conversation, answer, event) {
    if (event.type === 'frame') conversation.apply(answer, event.id, event.data);
    else if (event.type === 'open') conversation.accept(answer);
    else if (event.type === 'sending') conversation.enter(answer, 'waiting');
    else if (event.why === 'busy') conversation.enter(answer, 'busy', event.ms / 1000, event.said);
    else conversation.enter(answer, 'reconnecting');
    this.#options.onChange(conversation, answer);
  }

  /** @param {Conversation} conversation @param {Answer} answer @param {StreamError} error */
  #fail(conversation, answer, { message, code, status, retryable, requestId, retryAfter }) {
    const problem = {
      message,
      code,
      status,
      retryable,
      requestId,
      ...(retryAfter && { retryAt: Date.now() + retryAfter * 1000 }),
    };
    if (answer.accepted && status === 404) {
      const expired = 'The rest of this answer is no longer on the server. What came is kept.';
      conversation.fail(answer, { message: expired, code: 'interrupted', retryable: true });
    } else if (answer.accepted && code !== 'protocol' && status !== 400) {
      conversation.update(answer, { phase: 'lost', problem });
    } else if (status === 404) {
      const unsent = 'The question did not reach the server.';
      conversation.fail(answer, { message: unsent, code: 'no_connection', retryable: true });
    } else if (!FAULTY.includes(status) || !this.#options.onFaulty(conversation, answer, message)) {
      conversation.fail(answer, problem);
    }
  }

  /** Tell the server, and fetch what it still has to say: how the answer ended and what it cost. @param {Conversation} conversation @param {Answer} answer */
  async #finishStopping(conversation, answer) {
    if (this.#stopping.has(answer.id)) return;
    this.#stopping.add(answer.id);
    const onLost = (status) => {
      // until it is told, Claude may write on: the reader must know
      if (status === 401) this.#options.onSignedOut(); // and tell it afterwards
      conversation.enter(answer, 'lost');
      this.#options.onChange(conversation, answer);
    };
    const reply = await stop(this.#url(answer), { onLost, wake: this.#options.wake });
    this.#stopping.delete(answer.id);
    if (reply && !(reply.ended && reply.last_event_id <= answer.lastEventId)) {
      try {
        for await (const event of this.#follow(answer, {
          signal: AbortSignal.timeout(LAST_WORDS_MS),
        })) {
          if (event.type === 'frame') this.#apply(conversation, answer, event);
        }
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
      }
    }
    if (answer.state === 'streaming') conversation.end(answer, 'stopped');
    this.#options.onChange(conversation, answer);
  }

  /** @param {Answer} answer @param {{ body?: string, signal: AbortSignal }} options */
  #follow(answer, options) {
    return follow(this.#url(answer), {
      ...options,
      lastEventId: answer.lastEventId,
      wake: this.#options.wake,
    });
  }

  /** @param {Answer} answer */
  #url(answer) {
    return new URL(this.#options.streams + answer.id, document.baseURI).href;
  }

  /** @param {Run} run */
  #release(run) {
    if (this.#runs.get(run.answer.id) !== run) return;
    this.#runs.delete(run.answer.id);
    this.#options.onRuns();
  }
}
