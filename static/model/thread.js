// The messages of a conversation as they are read: all of them, those that are shown, and what leads to an answer.

import { CONTINUE, isAnswer, isBlank } from './message.js';
import { MessageTree } from './tree.js';

/** @import { Answer, Message, Meta } from '../types.js' */

export class Thread {
  meta;
  tree = new MessageTree();

  /** @param {Meta} meta */
  constructor(meta) {
    this.meta = meta;
  }

  /** The messages that are shown, in order. */
  get messages() {
    return this.tree.path(this.meta.chosen);
  }

  /** All messages, with every version, in the order in which they were asked. */
  get all() {
    return this.tree.all;
  }

  /** The answers that are shown. */
  get answers() {
    return this.messages.filter(isAnswer);
  }

  /** All answers, with every version. */
  get allAnswers() {
    return this.all.filter(isAnswer);
  }

  /** All answers that have not ended, shown or not. @returns {Answer[]} */
  open() {
    return this.allAnswers.filter((answer) => answer.state === 'streaming');
  }

  /** @param {string} id */
  message(id) {
    return this.tree.get(id);
  }

  /** @param {string} id @returns {Answer | undefined} */
  answer(id) {
    const message = this.tree.get(id);
    return message && isAnswer(message) ? message : undefined;
  }

  /** @param {Message} message */
  has({ id }) {
    return this.tree.get(id) !== undefined;
  }

  /** Return whether the message is on the path that is shown. @param {Message} message */
  shows(message) {
    return this.messages.includes(message);
  }

  /** Return the versions of this message, itself included, the oldest first. @param {Message} message */
  versions(message) {
    return this.tree.versionsOf(message);
  }

  /** Return the question that this answer is for. @param {Answer} answer */
  questionOf(answer) {
    return this.tree.leadingTo(answer).findLast((message) => message.role === 'user');
  }

  /** Return whether the answer is empty, the only one to its question, and the last. @param {Answer} answer */
  canWithdraw(answer) {
    const question = this.tree.before(answer);
    const isAlone = this.versions(answer).length === 1 && !this.tree.after(answer.id).length;
    return isBlank(answer) && isAlone && question?.role === 'user' && question.text !== CONTINUE;
  }
}
