// The page's entry: finds its parts, ties them together, and takes up again what a reload cut short.

import { Composer } from './composer.js';
import { CONTINUE, Conversation } from './conversation.js';
import { localStore } from './store.js';
import { StreamError, follow, stop } from './stream.js';
import { Transcript } from './transcript.js';

/**
 * @import { Answer, Remedy, Shelf, StreamEvent } from './types.js'
 * @typedef {{ answer: Answer, reading: AbortController, sending: boolean }} Run
 *   An answer that is being followed; `sending`: its PUT is on its way, nobody knows yet what became of it.
 */

/** A question that a reload caught on its way is sent again only while the reader still waits for it. */
const FRESH_MS = 120_000;
/** How long the last words of a stopped answer (how many tokens it cost) are waited for. */
const LAST_WORDS_MS = 5_000;
/** Statuses by which the server says that the question itself must change. */
const FAULTY = [400, 409, 413, 414, 415, 422];

class Chat {
  #conversation;
  #transcript;
  #composer;
  #streams;
  #wake;
  /** @type {Run | null} what Stop stops */
  #current = null;

  /** @param {{ storage: Shelf, streams: string, wake: EventTarget }} options */
  constructor({ storage, streams, wake }) {
    this.#streams = streams;
    this.#wake = wake;
    this.#composer = new Composer({
      form: find('#composer', HTMLFormElement),
      storage,
      onSend: (text) => this.#send(text),
      onStop: () => this.#stop(),
    });
    this.#conversation = new Conversation(localStore(storage), {
      onSaveFailed: () => {
        this.#composer.notice = 'This browser cannot store the conversation: a reload will lose it.';
      },
    });
    this.#transcript = new Transcript({
      log: find('#log', HTMLElement),
      template: find('#message', HTMLTemplateElement),
      jump: find('#jump', HTMLButtonElement),
      onAction: (remedy, id) => this.#mend(remedy, id),
    });
    find('#new', HTMLButtonElement).addEventListener('click', () => this.#startAnew());
  }

  /** Show what is stored and go on with every answer that has not ended. */
  async start() {
    await this.#conversation.load();
    for (const message of this.#conversation.messages) this.#transcript.add(message);
    for (const answer of this.#conversation.open()) {
      if (answer.stopping) this.#finishStopping(answer);
      else this.#run(answer, !answer.accepted && Date.now() - answer.at < FRESH_MS);
    }
  }

  /** The page may be about to go: write down what is not written yet. */
  save() {
    this.#conversation.flush();
  }

  /** @param {string} text */
  #send(text) {
    const [question, answer] = this.#conversation.ask(text);
    this.#transcript.add(question);
    this.#transcript.add(answer);
    this.#transcript.pin();
    this.#run(answer, true);
  }

  /** The button is free at once, whatever the network does. */
  #stop() {
    const run = this.#current;
    if (!run) return;
    this.#release(run);
    this.#conversation.update(run.answer, { stopping: true });
    this.#transcript.update(run.answer);
    // A DELETE must not overtake its PUT: while one is on its way, the reading ends with its head.
    if (!run.sending) run.reading.abort();
  }

  /** @param {Remedy} remedy @param {string} id */
  #mend(remedy, id) {
    const answer = this.#conversation.answer(id);
    if (!answer || this.#current) return;
    if (remedy === 'continue') this.#send(CONTINUE);
    else if (remedy === 'retry') this.#retry(answer);
    else if (remedy === 'edit') this.#edit(answer);
    else {
      this.#conversation.update(answer, { phase: 'reconnecting', problem: undefined });
      this.#run(answer, false);
    }
  }

  /** @param {Answer} answer */
  #retry(answer) {
    const again = this.#conversation.retry(answer);
    if (again !== answer) {
      if (this.#conversation.answer(answer.id)) this.#transcript.update(answer);
      else this.#transcript.remove(answer.id);
      this.#transcript.add(again);
    }
    this.#transcript.pin();
    this.#run(again, true);
  }

  /** Take the question back into the composer. @param {Answer} answer */
  #edit(answer) {
    const text = this.#conversation.questionOf(answer);
    if (this.#conversation.canWithdraw(answer)) {
      const question = this.#conversation.withdraw(answer);
      this.#transcript.remove(answer.id);
      this.#transcript.remove(question.id);
    }
    this.#composer.restore(text);
  }

  #startAnew() {
    const { messages } = this.#conversation;
    if (messages.length && !confirm('Start a new conversation? This one will be deleted from this browser.')) return;
    this.#stop();
    this.#conversation.clear();
    this.#transcript.clear();
    this.#composer.notice = '';
    this.#composer.focus();
  }

  /** Follow an answer to its end; `asking` sends its question first. @param {Answer} answer @param {boolean} asking */
  async #run(answer, asking) {
    /** @type {Run} */
    const run = { answer, reading: new AbortController(), sending: asking };
    this.#current = run;
    this.#composer.streaming = true;
    this.#transcript.update(answer);
    try {
      const body = asking ? JSON.stringify(this.#conversation.request(answer)) : undefined;
      const { signal } = run.reading;
      for await (const event of this.#follow(answer, { body, signal })) {
        this.#apply(answer, event);
        run.sending = event.type === 'sending';
        if (answer.stopping && !run.sending) break;
      }
      // 204: all of it was received before
      if (answer.state === 'streaming' && !answer.stopping) this.#conversation.end(answer, 'done');
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      if (!answer.stopping) this.#fail(answer, error);
    } finally {
      this.#release(run);
      this.#transcript.update(answer);
    }
    if (answer.stopping) await this.#finishStopping(answer);
  }

  /** @param {Answer} answer @param {StreamEvent} event */
  #apply(answer, event) {
    const conversation = this.#conversation;
    if (event.type === 'frame') conversation.apply(answer, event.id, event.data);
    else if (event.type === 'open') conversation.accept(answer);
    else if (event.type === 'sending') conversation.enter(answer, 'waiting');
    else if (event.why === 'busy') conversation.enter(answer, 'busy', event.ms / 1000);
    else conversation.enter(answer, 'reconnecting');
    this.#transcript.update(answer);
  }

  /** @param {Answer} answer @param {StreamError} error */
  #fail(answer, { message, code, status, retryable, requestId }) {
    const problem = { message, code, status, retryable, requestId };
    const conversation = this.#conversation;
    if (answer.accepted && status === 404) {
      const expired = 'The rest of this answer is no longer on the server. What came is kept.';
      conversation.fail(answer, { message: expired, code: 'interrupted', retryable: true });
    } else if (answer.accepted && code !== 'protocol' && status !== 400) {
      conversation.update(answer, { phase: 'lost', problem });
    } else if (status === 404) {
      const unsent = 'The question did not reach the server.';
      conversation.fail(answer, { message: unsent, code: 'no_connection', retryable: true });
    } else if (FAULTY.includes(status) && conversation.canWithdraw(answer)) {
      this.#edit(answer);
      this.#composer.notice = message;
    } else {
      conversation.fail(answer, problem);
    }
  }

  /** Tell the server, and fetch what it still has to say: how the answer ended and what it cost. @param {Answer} answer */
  async #finishStopping(answer) {
    const reply = await stop(this.#url(answer));
    if (reply && !(reply.ended && reply.last_event_id <= answer.lastEventId)) {
      try {
        for await (const event of this.#follow(answer, { signal: AbortSignal.timeout(LAST_WORDS_MS) })) {
          if (event.type === 'frame') this.#apply(answer, event);
        }
      } catch (error) {
        if (!(error instanceof StreamError)) throw error;
      }
    }
    if (answer.state === 'streaming') this.#conversation.end(answer, 'stopped');
    this.#transcript.update(answer);
  }

  /** @param {Answer} answer @param {{ body?: string, signal: AbortSignal }} options */
  #follow(answer, options) {
    return follow(this.#url(answer), { ...options, lastEventId: answer.lastEventId, wake: this.#wake });
  }

  /** @param {Answer} answer */
  #url(answer) {
    return new URL(this.#streams + answer.id, document.baseURI).href;
  }

  /** @param {Run} run */
  #release(run) {
    if (this.#current !== run) return;
    this.#current = null;
    this.#composer.streaming = false;
  }
}

/** @template {Element} T @param {string} selector @param {{ new (): T }} type @returns {T} */
function find(selector, type) {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page lacks ${selector}`);
  return found;
}

/** @returns {Shelf} */
function shelf() {
  try {
    return localStorage;
  } catch {
    return { getItem: () => null, setItem() {}, removeItem() {} }; // forbidden here: a reload forgets
  }
}

const wake = new EventTarget();
const chat = new Chat({ storage: shelf(), streams: document.body.dataset.streams ?? '', wake });

/** After a sleep or a change of network an open body may stay silent for ever: follow anew. @param {number} silentFor ms */
function reconnect(silentFor) {
  wake.dispatchEvent(new CustomEvent('wake', { detail: { silentFor } }));
}
document.addEventListener('resume', () => reconnect(0));
addEventListener('pageshow', (event) => event.persisted && reconnect(0));
addEventListener('online', () => reconnect(10_000)); // a heartbeat comes every 10 s
document.addEventListener('visibilitychange', () => (document.hidden ? chat.save() : reconnect(15_000)));
addEventListener('pagehide', () => chat.save());

await chat.start();
