// The answers that are being followed, each to its end, whether or not the reader looks at them.

import { now } from '../system/time.js';
import { isTooLong } from '../network/stream-error.js';
import { follow } from '../network/stream.js';
import { AnswerStopper } from './answer-stopper.js';
import { endFailed } from './failures.js';
import { bodyFor } from './question-body.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { ConnectionSlots } from '../network/connection-slots.js' */
/** @import { Locks } from '../system/locks.js' */
/** @import { Answer, Run, StreamEvent } from '../types.js' */
/** @import { Ways } from './failures.js' */
/**
 * @typedef {Ways & {
 *   streams: string,
 *   wake: EventTarget,
 *   locks: Locks,
 *   slots: ConnectionSlots,
 *   isSeen: (conversation: Conversation, answer: Answer) => boolean,
 *   onChange: (conversation: Conversation, answer: Answer) => void,
 *   onRuns: () => void,
 * }} Options
 */

/** A question that a reload interrupted is sent again only while the reader still waits for it. */
const FRESH_MS = 120_000;
/** Within this time a tab hears what another one has removed. */
const HEARD_MS = 500;

export class AnswerRunner {
  /** @type {Map<string, Run>} */
  #runs = new Map();
  #stopper;
  #options;

  /** @param {Options} options */
  constructor(options) {
    const onChange = harmless(options.onChange);
    this.#options = { ...options, onChange, onRuns: harmless(options.onRuns) };
    this.#stopper = new AnswerStopper({
      wake: options.wake,
      onChange,
      onSignedOut: options.onSignedOut,
      urlOf: (answer) => this.#urlOf(answer),
    });
  }

  /** The ids of the conversations in which an answer is being written. */
  get busy() {
    return new Set(Array.from(this.#runs.values(), ({ conversation }) => conversation.meta.id));
  }

  /** Those that this tab follows, and not another one. */
  get followed() {
    return [...this.#runs.values()].filter(({ follows }) => follows);
  }

  /** Go on with all answers of this conversation that have not ended. @param {Conversation} conversation */
  resume(conversation) {
    for (const answer of conversation.open()) {
      if (this.#runs.has(answer.id)) continue;
      const isFresh = !answer.accepted && Math.abs(now() - (answer.began ?? answer.at)) < FRESH_MS;
      if (answer.stopping) this.#stopper.finish(conversation, answer);
      else this.run(conversation, answer, isFresh, true);
    }
  }

  /** Return whether an answer is being written on the path that is shown. @param {string} conversationId */
  isAnswering(conversationId) {
    return this.#shown(conversationId).length > 0;
  }

  /** Stop the answer that is shown in this conversation. @param {string} conversationId */
  stop(conversationId) {
    this.#stop(this.#shown(conversationId));
  }

  /** Stop the answers of all versions. @param {string} conversationId */
  stopAll(conversationId) {
    this.#stop(this.#runsIn(conversationId));
  }

  /** @param {string} conversationId */
  #runsIn(conversationId) {
    return [...this.#runs.values()].filter(
      ({ conversation }) => conversation.meta.id === conversationId,
    );
  }

  /** @param {string} conversationId */
  #shown(conversationId) {
    return this.#runsIn(conversationId).filter(({ conversation, answer }) =>
      conversation.shows(answer),
    );
  }

  /** The page does not wait for the DELETE. @param {Run[]} runs */
  #stop(runs) {
    for (const run of runs) {
      this.#release(run);
      run.conversation.update(run.answer, { stopping: true });
      this.#options.onChange(run.conversation, run.answer);
      // A DELETE must not overtake its PUT: while that is on its way, the run ends with the response's headers.
      if (!run.sending) run.cancel.abort();
    }
  }

  /**
   * Follow an answer to its end, after sending its question if `sendsQuestion`. Another tab may have followed one that
   * `isResumed`, to its end even.
   *
   * @param {Conversation} conversation
   * @param {Answer} answer
   * @param {boolean} sendsQuestion
   * @param {boolean} [isResumed]
   */
  async run(conversation, answer, sendsQuestion, isResumed = false) {
    const { locks, onRuns } = this.#options;
    const run = this.#begin(conversation, answer);
    /** @type {(() => void) | null | undefined} */
    let release;
    try {
      // One tab follows, the others hear from it, and the next takes over when it goes.
      release = await locks.acquire(`claude-sse:answer:${answer.id}`, run.cancel.signal);
      if (release && isResumed) await catchUp(conversation, answer);
      const isOver = answer.state !== 'streaming' || answer.stopping;
      run.follows = this.#runs.get(answer.id) === run && !isOver;
      onRuns();
      if (run.follows) await this.#followToTheEnd(run, sendsQuestion);
    } catch (error) {
      await endFailed(conversation, answer, error, this.#options);
    } finally {
      this.#release(run);
      this.#options.onChange(conversation, answer);
      // Not before the tab that is next has heard how it ended: it would ask again.
      void Promise.resolve(conversation.stored).finally(() => release?.());
    }
    if (answer.stopping && answer.state === 'streaming')
      await this.#stopper.finish(conversation, answer);
  }

  /** @param {Conversation} conversation @param {Answer} answer */
  #begin(conversation, answer) {
    /** @type {Run} */
    const run = {
      conversation,
      answer,
      cancel: new AbortController(),
      reading: new AbortController(),
      sending: false,
    };
    this.#runs.set(answer.id, run);
    this.#options.onRuns();
    this.#options.onChange(conversation, answer);
    return run;
  }

  /** Read until the end, with pauses while another answer needs the slot. @param {Run} run @param {boolean} sendsQuestion */
  async #followToTheEnd(run, sendsQuestion) {
    const { conversation, answer, cancel } = run;
    const holder = {
      isSeen: () => run.sending || this.#options.isSeen(conversation, answer),
      leave: () => run.reading.abort(),
      since: 0,
    };
    do {
      const release = await this.#options.slots.acquire(holder, cancel.signal);
      if (!release) return;
      run.reading = new AbortController();
      try {
        if (!conversation.has(answer)) return; // the tab that followed it took it back
        await this.#read(run, sendsQuestion);
      } finally {
        release();
      }
    } while (run.reading.signal.aborted && !cancel.signal.aborted && answer.state === 'streaming');
    const { problem } = answer;
    if (answer.state === 'error' && problem && isTooLong(problem))
      await this.#options.onRejected(conversation, answer, problem);
    // 204: everything had been received before
    if (answer.state === 'streaming' && !answer.stopping && !cancel.signal.aborted)
      conversation.end(answer, 'done');
  }

  /** @param {Run} run @param {boolean} sendsQuestion */
  async #read(run, sendsQuestion) {
    const { conversation, answer, cancel, reading } = run;
    const asks = sendsQuestion && !answer.accepted;
    const events = follow(this.#urlOf(answer), {
      body: asks ? await bodyFor(conversation, answer, cancel.signal) : undefined,
      signal: AbortSignal.any([reading.signal, cancel.signal]),
      lastEventId: answer.lastEventId,
      wake: this.#options.wake,
    });
    for await (const event of events) {
      apply(conversation, answer, event);
      this.#options.onChange(conversation, answer);
      run.sending = event.type === 'sending';
      if (answer.stopping && !run.sending) break;
    }
  }

  /** @param {Answer} answer */
  #urlOf(answer) {
    return new URL(this.#options.streams + answer.id, document.baseURI).href;
  }

  /** @param {Run} run */
  #release(run) {
    if (this.#runs.get(run.answer.id) !== run) return;
    this.#runs.delete(run.answer.id);
    this.#options.onRuns();
  }
}

/** Take over what another tab has stored or removed of an answer, and has perhaps not told yet. @param {Conversation} conversation @param {Answer} answer */
async function catchUp(conversation, answer) {
  const isThere = await conversation.reread(answer).catch(() => true);
  if (!isThere) await new Promise((resolve) => setTimeout(resolve, HEARD_MS)); // until it is told that it was taken back, perhaps
}

/** @param {Conversation} conversation @param {Answer} answer @param {StreamEvent} event */
function apply(conversation, answer, event) {
  if (event.type === 'frame') conversation.apply(answer, event.id, event.data);
  else if (event.type === 'open') conversation.accept(answer);
  else if (event.type === 'sending') conversation.setPhase(answer, 'waiting');
  else if (event.why === 'busy') conversation.setPhase(answer, 'busy', event.ms / 1000, event.said);
  else conversation.setPhase(answer, 'reconnecting');
}

/** Return a function that does the same, and only tells the console that it failed: what cannot be shown is received. @template {unknown[]} All @param {(...all: All) => void} show @returns {(...all: All) => void} */
function harmless(show) {
  return (...all) => {
    try {
      show(...all);
    } catch (error) {
      console.error(error);
    }
  };
}
