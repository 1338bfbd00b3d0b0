// The conversation as data: what was asked, what the answers are so far, and what to send next.
//
// Knows no DOM. A question is stored before it is sent, and an answer's text always together with the id
// of the last frame in it, so that a reload goes on at exactly that point.

import { now, since } from '../system/time.js';
import { Autosave } from './autosave.js';
import { changesOf, problemOf } from './frames.js';
import { CONTINUE, isAnswer, isBlank, newAnswer, newQuestion, turnsOf } from './message.js';

/** @import { Answer, Data, Message, Meta, Problem, Question, RequestOptions, Store } from '../types.js' */

export class Conversation {
  meta;
  /** @type {Message[]} */
  messages = [];
  /** @type {Promise<void> | undefined} */
  loaded;
  #store;
  #now;
  #date;
  #autosave;

  /** @param {Store} store @param {Meta} meta @param {{ now?: () => number, date?: () => number }} [options] `now` is for durations */
  constructor(store, meta, { now: clock = now, date = clock === now ? Date.now : clock } = {}) {
    this.#store = store;
    this.meta = meta;
    this.#now = clock;
    this.#date = date;
    this.#autosave = new Autosave(store, clock);
  }

  async load() {
    this.messages = await this.#store.messages(this.meta.id);
    for (const answer of this.open()) {
      answer.phase = answer.accepted ? 'reconnecting' : 'waiting';
      if (answer.accepted) answer.rough = true;
    }
  }

  get answers() {
    return this.messages.filter(isAnswer);
  }

  /** Resolves once what was added last is stored. */
  get stored() {
    return this.#autosave.stored;
  }

  /** The answers that have not ended. @returns {Answer[]} */
  open() {
    return this.answers.filter((answer) => answer.state === 'streaming');
  }

  /** @param {string} id @returns {Answer | undefined} */
  answer(id) {
    return this.answers.find((answer) => answer.id === id);
  }

  /**
   * Add a question and the answer to come, and store both before anything is sent.
   *
   * @param {string} text
   * @param {RequestOptions} [options]
   * @param {number} [from] `n` of the first message that is sent, from now on
   * @returns {[Question, Answer]}
   */
  ask(text, options, from = this.answers.at(-1)?.since) {
    const question = newQuestion(text, this.#date());
    const answer = this.#begin(options, from);
    this.#add(question, answer);
    return [question, answer];
  }

  /**
   * Ask the question of this answer again: under the same id where the server was never reached (it may have started
   * all the same), otherwise as a new answer. Text that has arrived stays beside it.
   *
   * @param {Answer} answer
   * @param {RequestOptions} [options]
   */
  retry(answer, options) {
    if (!answer.accepted && answer.problem?.code === 'no_connection') {
      const [at, began] = [this.#date(), this.#now()];
      this.update(answer, { state: 'streaming', phase: 'waiting', problem: undefined, at, began });
      return answer;
    }
    if (isBlank(answer)) this.#remove(answer);
    else this.update(answer, { replaced: true });
    const again = this.#begin(options, answer.since);
    this.#add(again);
    return again;
  }

  /** Remove this message and all that follow it; return them. @param {string} id @returns {Message[]} */
  cut(id) {
    const at = this.messages.findIndex((message) => message.id === id);
    const removed = at < 0 ? [] : this.messages.slice(at); // another tab may have removed it
    this.#remove(...removed);
    return removed;
  }

  /** Put back what was cut, in place of what has followed since. @param {Message[]} messages */
  restore(messages) {
    const later = this.messages.find(({ n }) => n >= messages[0].n);
    if (later) this.cut(later.id);
    this.#add(...messages);
  }

  /** Take over what another tab has written. @param {Message} record @returns {Message | undefined} the message, if it is new */
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

  /** Another tab has removed this message. @param {string} id */
  drop(id) {
    this.messages = this.messages.filter((message) => message.id !== id);
  }

  /** Return the question that this answer is for. @param {Answer} answer */
  questionOf(answer) {
    const before = this.messages.slice(0, this.messages.indexOf(answer));
    return before.findLast((message) => message.role === 'user');
  }

  /** Return whether the answer is empty and its question stands alone before it. @param {Answer} answer */
  canWithdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    return isBlank(answer) && question?.role === 'user' && question.text !== CONTINUE;
  }

  /** Take back an answer and its question; return the question. @param {Answer} answer */
  withdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    this.#remove(answer, question);
    return question;
  }

  /** Return what to send for this answer; the same bytes each time. @param {Answer} answer */
  request(answer) {
    return { messages: turnsOf(this.sent(answer)), ...answer.ask };
  }

  /** Return the messages that are sent for this answer. @param {Answer} answer */
  sent(answer) {
    const from = answer.since ?? -Infinity;
    return this.messages.slice(0, this.messages.indexOf(answer)).filter(({ n }) => n >= from);
  }

  /** The server has answered for this stream. @param {Answer} answer */
  accept(answer) {
    answer.phase = answer.text ? 'writing' : answer.thinking ? 'thinking' : 'waiting';
    if (!answer.accepted) this.update(answer, { accepted: true });
  }

  /** Apply one frame. @param {Answer} answer @param {number} id @param {Data | '[DONE]'} data */
  apply(answer, id, data) {
    if (id <= answer.lastEventId) return;
    answer.lastEventId = id;
    if (data === '[DONE]') {
      this.end(answer, answer.stopReason === 'stopped' ? 'stopped' : 'done');
    } else if (typeof data.error === 'string') {
      if (data.usage) answer.usage = data.usage;
      this.fail(answer, problemOf(data, this.#now()));
    } else {
      Object.assign(answer, changesOf(answer, data, since(answer.began ?? answer.at, this.#now())));
      if (this.messages.includes(answer)) this.#autosave.saveSoon(answer); // or it was deleted
    }
  }

  /** Say what an open answer is doing; not worth storing. @param {Answer} answer @param {Answer['phase']} phase */
  setPhase(answer, phase, delay = 0, said = '') {
    Object.assign(answer, { phase, delay, said });
    if (phase === 'reconnecting') answer.rough = true;
  }

  /** Change an answer and store it. @param {Answer} answer @param {Partial<Answer>} changes */
  update(answer, changes) {
    Object.assign(answer, changes);
    if (this.messages.includes(answer)) this.#autosave.save(answer); // or it was deleted
  }

  /** @param {Answer} answer @param {'done' | 'stopped'} state */
  end(answer, state) {
    this.update(answer, { state, stopping: false, problem: undefined });
  }

  /** @param {Answer} answer @param {Problem} problem */
  fail(answer, problem) {
    const state = problem.code === 'interrupted' ? 'interrupted' : 'error';
    this.update(answer, { state, stopping: false, problem });
  }

  /** Remove all messages; what still arrives for them is not stored. @returns {Message[]} */
  empty() {
    const { messages } = this;
    this.messages = [];
    this.#autosave.discard();
    return messages;
  }

  /** Store everything that has changed; called when the page may be about to go. */
  flush() {
    this.#autosave.flush();
  }

  /** @param {RequestOptions} [options] @param {number} [from] @returns {Answer} */
  #begin(options, from) {
    const answer = { ...newAnswer(this.#date(), options), began: this.#now() };
    return from === undefined ? answer : { ...answer, since: from };
  }

  /** @param {Message[]} messages */
  #add(...messages) {
    for (const message of messages) {
      message.conversation = this.meta.id;
      message.n = Math.max(message.n, (this.messages.at(-1)?.n ?? 0) + 1); // two tabs share one clock
      this.messages.push(message);
    }
    this.#autosave.save(...messages);
  }

  /** @param {Message[]} messages */
  #remove(...messages) {
    this.messages = this.messages.filter((message) => !messages.includes(message));
    this.#autosave.remove(messages);
  }
}
