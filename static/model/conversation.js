// The conversation as data: what was asked, what came of each answer so far, and what to send next.
//
// Knows no DOM. A question is stored before it is sent, and an answer's text always together with the id
// of the last frame in it, so that a reload goes on at exactly that point.

import { CONTINUE, isAnswer, isBlank, newAnswer, newQuestion } from './message.js';

/** @import { Answer, Ask, Data, Message, Meta, Problem, Question, Store } from '../types.js' */

const SAVE_EVERY_MS = 500;

export class Conversation {
  meta;
  /** @type {Message[]} */
  messages = [];
  /** @type {Promise<void> | undefined} */
  loaded;
  /** Resolves once what was added last is stored. @type {unknown} */
  stored;
  #store;
  #now;
  /** @type {Set<Message>} */
  #unsaved = new Set();
  #savedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Store} store @param {Meta} meta @param {{ now?: () => number }} [options] */
  constructor(store, meta, { now = Date.now } = {}) {
    this.#store = store;
    this.meta = meta;
    this.#now = now;
  }

  async load() {
    this.messages = await this.#store.messages(this.meta.id);
    for (const answer of this.open()) {
      Object.assign(
        answer,
        answer.accepted ? { phase: 'reconnecting', rough: true } : { phase: 'waiting' },
      );
    }
  }

  get answers() {
    return this.messages.filter(isAnswer);
  }

  /** The answers that have not ended. @returns {Answer[]} */
  open() {
    return this.answers.filter((answer) => answer.state === 'streaming');
  }

  /** @returns {Answer | undefined} */
  answer(id) {
    return this.answers.find((answer) => answer.id === id);
  }

  /** Add a question and the answer to come, and keep both before anything is sent. @param {Ask} [ask] @returns {[Question, Answer]} */
  ask(text, ask) {
    const question = newQuestion(text, this.#now());
    const answer = newAnswer(this.#now(), ask);
    this.#add(question, answer);
    return [question, answer];
  }

  /**
   * Ask the question of this answer again: under the same id where the server was never reached (it may
   * have started all the same), else as a new answer; a text that came is kept beside it.
   * @param {Answer} answer @param {Ask} [ask]
   */
  retry(answer, ask) {
    if (!answer.accepted && answer.problem?.code === 'no_connection') {
      this.update(answer, {
        state: 'streaming',
        phase: 'waiting',
        problem: undefined,
        at: this.#now(),
      });
      return answer;
    }
    if (isBlank(answer)) this.#remove(answer);
    else this.update(answer, { replaced: true });
    const again = newAnswer(this.#now(), ask);
    this.#add(again);
    return again;
  }

  /** Take away this message and all that follow it, to be asked otherwise. @returns {Message[]} */
  cut(id) {
    const at = this.messages.findIndex((message) => message.id === id);
    const gone = at < 0 ? [] : this.messages.slice(at); // it may have gone in another tab
    this.#remove(...gone);
    return gone;
  }

  /** Put back what was cut, in place of what has followed since. @param {Message[]} messages */
  uncut(messages) {
    const later = this.messages.find(({ n }) => n >= messages[0].n);
    const gone = later ? this.cut(later.id) : [];
    this.#add(...messages);
    return gone;
  }

  /** Take in what another tab has written. @param {Message} record @returns {Message | undefined} what is new here */
  adopt(record) {
    const known = this.messages.find(({ id }) => id === record.id);
    if (known) {
      if (!isAnswer(known) || /** @type {Answer} */ (record).lastEventId >= known.lastEventId)
        Object.assign(known, record);
      return undefined;
    }
    this.messages = [...this.messages, record].sort((a, b) => a.n - b.n);
    return record;
  }

  /** Another tab has removed it. */
  drop(id) {
    this.messages = this.messages.filter((message) => message.id !== id);
  }

  /** Return the question that this answer is for. @param {Answer} answer */
  questionOf(answer) {
    const before = this.messages.slice(0, this.messages.indexOf(answer));
    return before.findLast((message) => message.role === 'user');
  }

  /** Whether the answer is empty and its question stands alone before it: they can be taken back. @param {Answer} answer */
  canWithdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    return isBlank(answer) && question?.role === 'user' && question.text !== CONTINUE;
  }

  /** Take back an answer and its question. @param {Answer} answer */
  withdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    this.#remove(answer, question);
    return question;
  }

  /** What to send for this answer: alternating turns that say something. @param {Answer} answer */
  request(answer) {
    /** @type {{ role: 'user' | 'assistant', content: string }[]} */
    const messages = [];
    for (const message of this.messages.slice(0, this.messages.indexOf(answer))) {
      if (isBlank(message) || (isAnswer(message) && message.replaced)) continue;
      const { role } = message;
      const content = wellFormed(message.text);
      const previous = messages.at(-1);
      if (previous?.role === role)
        previous.content += `\n\n${content}`; // a question that got no answer
      else messages.push({ role, content });
    }
    return { messages, ...answer.ask };
  }

  /** The server has answered for this stream. @param {Answer} answer */
  accept(answer) {
    answer.phase = answer.text ? 'writing' : answer.thinking ? 'thinking' : 'waiting';
    if (answer.accepted) return;
    this.update(answer, { accepted: true });
  }

  /** Take in one frame. @param {Answer} answer @param {Data | '[DONE]'} data */
  apply(answer, id, data) {
    if (id <= answer.lastEventId) return;
    answer.lastEventId = id;
    if (data === '[DONE]') {
      this.end(answer, answer.stopReason === 'stopped' ? 'stopped' : 'done');
    } else if (typeof data.error === 'string') {
      if (data.usage) answer.usage = data.usage;
      const { error: message, code = 'error', retryable = false, request_id: requestId } = data;
      const retryAt = data.retry_after && this.#now() + data.retry_after * 1000;
      this.fail(answer, { message, code, retryable, requestId, ...(retryAt && { retryAt }) });
    } else {
      if (data.model) answer.model = data.model;
      if (data.stop_reason) answer.stopReason = data.stop_reason;
      if (data.usage) answer.usage = data.usage;
      if (data.waiting !== undefined)
        Object.assign(answer, { phase: 'retrying', delay: data.waiting });
      const ms = this.#now() - answer.at;
      if (data.thinking) {
        answer.thoughtAt ??= ms;
        Object.assign(answer, { phase: 'thinking', thinking: answer.thinking + data.thinking });
      }
      if (data.text) {
        answer.firstMs ??= ms;
        if (answer.thoughtAt !== undefined) answer.thoughtMs ??= ms - answer.thoughtAt;
        Object.assign(answer, { phase: 'writing', text: answer.text + data.text, lastMs: ms });
      }
      this.#save(answer);
    }
  }

  /** Say what an open answer is doing; not worth storing. @param {Answer} answer */
  enter(answer, phase, delay = 0, said = '') {
    Object.assign(answer, { phase, delay, said });
    if (phase === 'reconnecting') answer.rough = true;
  }

  /** Change an answer and store it at once. @param {Answer} answer @param {Partial<Answer>} changes */
  update(answer, changes) {
    Object.assign(answer, changes);
    this.#save(answer, true);
  }

  /** @param {Answer} answer @param {'done' | 'stopped'} state */
  end(answer, state) {
    this.update(answer, { state, stopping: false, problem: undefined });
  }

  /** @param {Answer} answer @param {Problem} problem */
  fail(answer, problem) {
    this.update(answer, {
      state: problem.code === 'interrupted' ? 'interrupted' : 'error',
      stopping: false,
      problem,
    });
  }

  /** Take away all; what still comes is not stored. @returns {Message[]} */
  empty() {
    const { messages } = this;
    this.messages = [];
    this.#unsaved.clear();
    return messages;
  }

  /** Write down all that is not; called when the page may be about to go. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#unsaved.size) return;
    this.#savedAt = this.#now();
    this.stored = this.#store.write(
      Array.from(this.#unsaved, (record) => ({ table: 'messages', record })),
    );
    this.#unsaved.clear();
  }

  /** @param {Message[]} messages */
  #add(...messages) {
    for (const message of messages) {
      message.conversation = this.meta.id;
      message.n = Math.max(message.n, (this.messages.at(-1)?.n ?? 0) + 1); // two tabs count by one clock
      this.messages.push(message);
      this.#unsaved.add(message);
    }
    this.flush();
  }

  /** @param {Message[]} messages */
  #remove(...messages) {
    this.messages = this.messages.filter((message) => !messages.includes(message));
    for (const message of messages) this.#unsaved.delete(message);
    this.#store.write(messages.map(({ id }) => ({ table: 'messages', id })));
  }

  /** @param {Message} message */
  #save(message, now = false) {
    if (!this.messages.includes(message)) return; // it was deleted meanwhile
    this.#unsaved.add(message);
    if (now || this.#now() - this.#savedAt >= SAVE_EVERY_MS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), SAVE_EVERY_MS);
  }
}

/** Without halves of surrogate pairs, which are not text and which the server refuses. */
function wellFormed(text) {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
