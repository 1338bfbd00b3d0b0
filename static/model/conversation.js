// The conversation as data: what was asked, what the answers are so far, and what to send next.
//
// Knows no DOM. A question is stored before it is sent, and an answer's text always together with the id
// of the last frame in it, so that a reload goes on at exactly that point. Asking never removes a text: an
// edited question and an answer asked for again are versions (`tree`).

import { now, since } from '../system/time.js';
import { Autosave } from './autosave.js';
import { changesOf, problemOf } from './frames.js';
import { isAnswer, isBlank, newAnswer, newQuestion } from './message.js';
import { documentsOf, requestFor } from './request.js';
import { Thread } from './thread.js';

/** @import { Answer, Data, FileRef, Message, Meta, Problem, Question, RequestOptions, Store } from '../types.js' */

export class Conversation extends Thread {
  /** @type {Promise<void> | undefined} */
  loaded;
  #store;
  #now;
  #date;
  #autosave;

  /** @param {Store} store @param {Meta} meta @param {{ now?: () => number, date?: () => number }} [options] `now` is for durations */
  constructor(store, meta, { now: clock = now, date = clock === now ? Date.now : clock } = {}) {
    super(meta);
    this.#store = store;
    this.#now = clock;
    this.#date = date;
    this.#autosave = new Autosave(store, clock);
  }

  async load() {
    this.tree.all = await this.#store.messages(this.meta.id);
    for (const answer of this.open()) {
      answer.phase = answer.accepted ? 'reconnecting' : 'waiting';
      if (answer.accepted) answer.rough = true;
    }
  }

  /** Resolves once what was added last is stored. */
  get stored() {
    return this.#autosave.stored;
  }

  /** Return what to store in `meta.chosen`, so that this version is shown. @param {Message} message */
  choosing(message) {
    return this.tree.choosing(message, this.#date(), this.meta.chosen);
  }

  /**
   * Add a question and the answer to come, and store both before anything is sent. It is asked at the end of what is
   * shown, or as another version of the question with the id `instead`; `from` is the `n` of the first message that is
   * sent, from now on.
   *
   * @param {string} text
   * @param {RequestOptions} [options]
   * @param {{ instead?: string, files?: FileRef[], from?: number }} [more]
   * @returns {[Question, Answer]}
   */
  ask(text, options, { instead = '', files = [], from } = {}) {
    const edited = this.tree.get(instead);
    const before = edited ? this.tree.before(edited) : this.messages.at(-1);
    const question = newQuestion(text, this.#date(), before?.id, files);
    const lineage = before ? [...this.tree.leadingTo(before), before] : [];
    const answer = this.#begin(question.id, options, from ?? lineage.findLast(isAnswer)?.since);
    this.#add(question, answer);
    return [question, answer];
  }

  /**
   * Ask the question of this answer again: under the same id where the server was never reached (it may have started
   * all the same), otherwise as another version. Only an answer without a word gives way to it.
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
    const again = this.#begin(this.tree.before(answer)?.id, options, answer.since);
    if (isBlank(answer) && !answer.thinking && !this.tree.after(answer.id).length)
      this.#remove(answer);
    this.#add(again);
    return again;
  }

  /** Take over what another tab has written. @param {Message} record @returns {Message | undefined} the message, if it is new */
  adopt(record) {
    const known = this.tree.get(record.id);
    if (!known) this.tree.add(record);
    if (!known) return record;
    if (!isAnswer(known) || /** @type {Answer} */ (record).lastEventId >= known.lastEventId)
      Object.assign(known, record);
    return undefined;
  }

  /** Take over what is stored of this answer; resolve to whether it is, and reject while the storage does not answer. @param {Answer} answer */
  async reread(answer) {
    const stored = await this.#store.messages(this.meta.id);
    const record = stored.find(({ id }) => id === answer.id);
    if (record && this.has(answer)) this.adopt(record);
    return record !== undefined;
  }

  /** Another tab has removed this message. @param {string} id */
  drop(id) {
    const message = this.tree.get(id);
    if (!message) return;
    this.tree.remove(message);
    this.#autosave.discard([message]);
  }

  /** Take back an answer and its question, of which other versions stay; return the question. @param {Answer} answer */
  withdraw(answer) {
    const question = /** @type {Question} */ (this.tree.before(answer));
    this.#remove(answer, question);
    return question;
  }

  /** Return what to send for this answer; the same bytes each time. @param {Answer} answer */
  request(answer) {
    return requestFor(answer, this.sent(answer));
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
      const documents = () => documentsOf(this.request(answer).messages, answer.leftOut);
      const ms = since(answer.began ?? answer.at, this.#now());
      Object.assign(answer, changesOf(answer, data, ms, documents));
      if (this.has(answer)) this.#autosave.saveSoon(answer); // or it was deleted
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
    if (this.has(answer)) this.#autosave.save(answer); // or it was deleted
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
    const { all } = this;
    this.tree.all = [];
    this.#autosave.discard(all);
    return all;
  }

  flush() {
    this.#autosave.flush();
  }

  /** @param {string} [parent] @param {RequestOptions} [options] @param {number} [from] @returns {Answer} */
  #begin(parent, options, from) {
    const answer = { ...newAnswer(this.#date(), options, parent), began: this.#now() };
    return from === undefined ? answer : { ...answer, since: from };
  }

  /** @param {Message[]} messages */
  #add(...messages) {
    for (const message of messages) {
      message.conversation = this.meta.id;
      message.n = this.tree.later(message.n, this.meta.chosen);
      this.tree.add(message);
    }
    this.#autosave.save(...messages);
  }

  /** @param {Message[]} messages */
  #remove(...messages) {
    this.tree.remove(...messages);
    this.#autosave.remove(messages);
  }
}
