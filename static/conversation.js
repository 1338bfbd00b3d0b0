// The conversation as data: what was asked, what came of each answer so far, and what to send next.
//
// Knows no DOM. A question is stored before it is sent, and an answer's text always together with the id
// of the last frame in it, so that a reload goes on at exactly that point.

import { isAnswer, isBlank, newAnswer, newQuestion } from './message.js';

/** @import { Answer, Data, Message, Problem, Question, Store } from './types.js' */

const SAVE_EVERY_MS = 500;

/** What "Continue" asks: the last message must be the user's, so the answer cannot simply be prefilled. */
export const CONTINUE = 'Continue exactly where your last answer stopped, without repeating any of it.';

export class Conversation {
  /** @type {Message[]} */
  messages = [];
  #store;
  #now;
  #onSaveFailed;
  /** @type {Set<Message>} */
  #unsaved = new Set();
  #savedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Store} store @param {{ now?: () => number, onSaveFailed?: (error: unknown) => void }} [options] */
  constructor(store, { now = Date.now, onSaveFailed = () => {} } = {}) {
    this.#store = store;
    this.#now = now;
    this.#onSaveFailed = onSaveFailed;
  }

  async load() {
    this.messages = await this.#store.load();
    for (const answer of this.open()) answer.phase = answer.accepted ? 'reconnecting' : 'waiting';
  }

  /** The answers that have not ended. @returns {Answer[]} */
  open() {
    return this.messages.filter(isAnswer).filter((answer) => answer.state === 'streaming');
  }

  /** @param {string} id @returns {Answer | undefined} */
  answer(id) {
    return this.messages.filter(isAnswer).find((answer) => answer.id === id);
  }

  /** Add a question and the answer to come, and keep both before anything is sent. @param {string} text @returns {[Question, Answer]} */
  ask(text) {
    const question = newQuestion(text, this.#now());
    this.#add(question);
    return [question, this.#addAnswer()];
  }

  /**
   * Ask the question of this answer again: under the same id where the server was never reached (it may
   * have started all the same), else as a new answer; a text that came is kept beside it.
   * @param {Answer} answer
   */
  retry(answer) {
    if (!answer.accepted && answer.problem?.code === 'no_connection') {
      this.update(answer, { state: 'streaming', phase: 'waiting', problem: undefined, at: this.#now() });
      return answer;
    }
    if (isBlank(answer)) this.#remove(answer);
    else this.update(answer, { replaced: true });
    return this.#addAnswer();
  }

  /** Return the text of the question that this answer is for. @param {Answer} answer */
  questionOf(answer) {
    const before = this.messages.slice(0, this.messages.indexOf(answer));
    return before.findLast((message) => message.role === 'user')?.text ?? '';
  }

  /** Whether the answer is empty and its question stands alone before it: they can be taken back. @param {Answer} answer */
  canWithdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    return isBlank(answer) && question?.role === 'user' && question.text !== CONTINUE;
  }

  /** Take back an answer and its question. @param {Answer} answer */
  withdraw(answer) {
    const question = this.messages[this.messages.indexOf(answer) - 1];
    this.#remove(answer);
    this.#remove(question);
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
      if (previous?.role === role) previous.content += `\n\n${content}`; // a question that got no answer
      else messages.push({ role, content });
    }
    return { messages };
  }

  /** The server has answered for this stream. @param {Answer} answer */
  accept(answer) {
    answer.phase = answer.text ? 'writing' : answer.thinking ? 'thinking' : 'waiting';
    if (answer.accepted) return;
    this.update(answer, { accepted: true });
  }

  /** Take in one frame. @param {Answer} answer @param {number} id @param {Data | '[DONE]'} data */
  apply(answer, id, data) {
    if (id <= answer.lastEventId) return;
    answer.lastEventId = id;
    if (data === '[DONE]') {
      this.end(answer, answer.stopReason === 'stopped' ? 'stopped' : 'done');
    } else if (typeof data.error === 'string') {
      if (data.usage) answer.usage = data.usage;
      const { error: message, code = 'error', retryable = false, request_id: requestId } = data;
      this.fail(answer, { message, code, retryable, requestId });
    } else {
      if (data.model) answer.model = data.model;
      if (data.stop_reason) answer.stopReason = data.stop_reason;
      if (data.usage) answer.usage = data.usage;
      if (data.waiting !== undefined) Object.assign(answer, { phase: 'retrying', delay: data.waiting });
      if (data.thinking) Object.assign(answer, { phase: 'thinking', thinking: answer.thinking + data.thinking });
      if (data.text) Object.assign(answer, { phase: 'writing', text: answer.text + data.text });
      this.#save(answer);
    }
  }

  /** Say what an open answer is doing; not worth storing. @param {Answer} answer @param {Answer['phase']} phase @param {number} [delay] */
  enter(answer, phase, delay = 0) {
    Object.assign(answer, { phase, delay });
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
    this.update(answer, { state: problem.code === 'interrupted' ? 'interrupted' : 'error', stopping: false, problem });
  }

  /** Write down all that is not; called when the page may be about to go. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#savedAt = this.#now();
    for (const message of this.#unsaved) this.#do(() => this.#store.put(message));
    this.#unsaved.clear();
  }

  clear() {
    this.messages = [];
    this.#unsaved.clear();
    this.#do(() => this.#store.clear());
  }

  #addAnswer() {
    const answer = newAnswer(this.#now());
    this.#add(answer);
    return answer;
  }

  /** @param {Message} message */
  #add(message) {
    this.messages.push(message);
    this.#save(message, true);
  }

  /** @param {Message} message */
  #remove(message) {
    this.messages = this.messages.filter((other) => other !== message);
    this.#unsaved.delete(message);
    this.#do(() => this.#store.remove(message.id));
  }

  /** @param {Message} message @param {boolean} [now] */
  #save(message, now = false) {
    if (!this.messages.includes(message)) return; // of a conversation that was cleared meanwhile
    this.#unsaved.add(message);
    if (now || this.#now() - this.#savedAt >= SAVE_EVERY_MS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), SAVE_EVERY_MS);
  }

  /** @param {() => void | Promise<void>} write */
  async #do(write) {
    try {
      await write(); // called at once: a page that goes away has no later turn
    } catch (error) {
      this.#onSaveFailed(error);
    }
  }
}

/** Without halves of surrogate pairs, which are not text and which the server refuses. @param {string} text */
function wellFormed(text) {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
