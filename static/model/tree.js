// A conversation is a tree: each message knows the one before it, and those with the same one before them are
// versions of each other. Shown is one path from a first message to a last one.
//
//   question ─ answer ─ question 2 ─ answer
//            └ answer  (asked once more)
//   question' ─ answer (the question, edited)

import { isAnswer } from './message.js';

/** @import { Message } from '../types.js' */

export class MessageTree {
  /** @type {Message[]} in the order in which they were asked */
  #all = [];
  /** @type {Map<string, Message>} */
  #byId = new Map();
  /** The message before each, by ids; '' stands before the first. @type {Map<string, string>} */
  #before = new Map();
  /** The messages after each. @type {Map<string, Message[]>} */
  #after = new Map();

  get all() {
    return this.#all;
  }

  /** @param {Message[]} messages */
  set all(messages) {
    this.#all = [...messages].sort(inOrder);
    this.#arrange();
  }

  /** @param {string} id */
  get(id) {
    return this.#byId.get(id);
  }

  /** @param {Message[]} messages */
  add(...messages) {
    this.all = [...this.#all, ...messages];
  }

  /** @param {Message[]} messages */
  remove(...messages) {
    this.all = this.#all.filter((message) => !messages.includes(message));
  }

  /** Return the versions of this message, itself included, the oldest first. @param {Message} message */
  versionsOf({ id }) {
    return this.#after.get(this.#before.get(id) ?? '') ?? [];
  }

  /** Return the messages that follow directly on this one; '' is before the first. @param {string} id */
  after(id) {
    return this.#after.get(id) ?? [];
  }

  /** Return the message before this one. @param {Message} message */
  before({ id }) {
    return this.#byId.get(this.#before.get(id) ?? '');
  }

  /** Return the messages that lead to this one, from the first on. @param {Message} message */
  leadingTo(message) {
    const found = [];
    for (let one = this.before(message); one; one = this.before(one)) found.push(one);
    return found.reverse();
  }

  /**
   * Return the path that is shown. At each fork it takes the version in which something was asked or which was
   * chosen last, so that all tabs agree on it, whatever reaches them first.
   *
   * @param {Record<string, number>} [chosen] when versions were chosen, by their ids
   */
  path(chosen = {}) {
    const latest = this.#latest(chosen);
    const moment = (/** @type {Message} */ { id }) => latest.get(id) ?? 0;
    const found = [];
    for (let next = this.after(''); next.length; next = this.after(found.at(-1)?.id ?? ''))
      found.push(next.reduce((a, b) => (moment(b) >= moment(a) ? b : a)));
    return found;
  }

  /**
   * Return the moments at which versions were chosen, with this choice.
   *
   * @param {Message} message
   * @param {number} moment
   * @param {Record<string, number>} [chosen]
   */
  choosing({ id }, moment, chosen = {}) {
    const known = Object.entries(chosen).filter(([one]) => this.#byId.has(one));
    return { ...Object.fromEntries(known), [id]: this.later(moment, chosen) };
  }

  /** Return this moment or a later one, after all others: the clock may be set back. @param {number} moment @param {Record<string, number>} [chosen] */
  later(moment, chosen = {}) {
    const last = Math.max(this.#all.at(-1)?.n ?? 0, ...Object.values(chosen));
    return Math.max(moment, last + 1);
  }

  /** Return the last moment of each message and of what follows it. @param {Record<string, number>} chosen */
  #latest(chosen) {
    /** @type {Map<string, number>} */
    const latest = new Map();
    for (const { id, n } of this.#all.toReversed()) {
      const moment = Math.max(n, chosen[id] ?? 0, latest.get(id) ?? 0);
      const before = this.#before.get(id) ?? '';
      latest.set(id, moment);
      latest.set(before, Math.max(moment, latest.get(before) ?? 0));
    }
    return latest;
  }

  /** A message whose predecessor is lost stays in the conversation, with its versions. */
  #arrange() {
    this.#byId.clear();
    this.#before.clear();
    this.#after.clear();
    /** What stands in for lost ones. @type {Map<string, string>} */
    const instead = new Map();
    let [previous, question] = ['', ''];
    for (const message of this.#all) {
      message.parent ??= isAnswer(message) && question ? question : previous;
      let { parent } = message;
      if (parent && !this.#byId.has(parent)) {
        if (!instead.has(parent)) instead.set(parent, previous);
        parent = instead.get(parent) ?? '';
      }
      this.#place(message, parent);
      if (!isAnswer(message)) question = message.id;
      if (!isReplaced(message) || !previous) previous = message.id;
    }
  }

  /** @param {Message} message @param {string} parent */
  #place(message, parent) {
    this.#byId.set(message.id, message);
    this.#before.set(message.id, parent);
    const siblings = this.#after.get(parent);
    if (siblings) siblings.push(message);
    else this.#after.set(parent, [message]);
  }
}

/** Until version 2 a conversation was a list, in which an answer that was asked for again stood before the new one. @param {Message} message */
function isReplaced(message) {
  return isAnswer(message) && message.replaced === true;
}

/** Repaired messages may have one moment, and a question is before its answer. @param {Message} a @param {Message} b */
function inOrder(a, b) {
  return a.n - b.n || Number(isAnswer(a)) - Number(isAnswer(b)) || (a.id < b.id ? -1 : 1);
}
