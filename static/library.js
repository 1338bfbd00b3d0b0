// All conversations of this browser: which there are, what is in them, what was said where.

import { Conversation } from './conversation.js';
import { uuid } from './message.js';

/** @import { Change, Message, Meta, Store } from './types.js' */

const TITLE_CHARACTERS = 60;

export class Library {
  /** @type {Map<string, Meta>} */
  #metas = new Map();
  /** @type {Map<string, Promise<Conversation>>} those that were opened; an answer of theirs may still come */
  #opened = new Map();
  /** @type {Set<Conversation>} the same, for whoever cannot wait */
  #read = new Set();
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  async load() {
    for (const meta of await this.#store.all('conversations')) this.#metas.set(meta.id, meta);
  }

  /** The newest first. */
  get metas() {
    return [...this.#metas.values()].sort((a, b) => b.touched - a.touched);
  }

  /** @param {string} id */
  has(id) {
    return this.#metas.has(id);
  }

  /** A new one; it is kept when something is asked in it. */
  create() {
    const conversation = new Conversation(this.#store, { id: uuid(), title: '', at: Date.now(), touched: Date.now() });
    this.#opened.set(conversation.meta.id, Promise.resolve(conversation));
    this.#read.add(conversation);
    return conversation;
  }

  /** @param {string} id @returns {Promise<Conversation>} */
  open(id) {
    let opened = this.#opened.get(id);
    if (!opened) {
      const conversation = new Conversation(this.#store, /** @type {Meta} */ (this.#metas.get(id)));
      opened = conversation.load().then(() => conversation);
      this.#read.add(conversation);
      this.#opened.set(id, opened);
    }
    return opened;
  }

  /** Change what is known of a conversation, and keep it. @param {Meta} meta @param {Partial<Meta>} changes */
  update(meta, changes) {
    Object.assign(meta, changes);
    this.#metas.set(meta.id, meta);
    this.#store.put('conversations', meta);
  }

  /** Something was asked: it is the newest, and has a title. @param {Conversation} conversation @param {string} text */
  touch({ meta }, text) {
    const line = text.trim().replace(/\s+/g, ' ');
    const title = meta.title || (line.length > TITLE_CHARACTERS ? `${line.slice(0, TITLE_CHARACTERS).trim()}…` : line);
    this.update(meta, { title, touched: Date.now() });
  }

  /** Delete a conversation; returns what brings it back. @param {string} id */
  async remove(id) {
    const conversation = await this.open(id);
    const { meta, messages } = conversation;
    const copies = structuredClone(messages);
    conversation.messages = []; // what still comes for it is not stored
    this.#read.delete(conversation);
    this.#metas.delete(id);
    this.#opened.delete(id);
    this.#store.remove('conversations', id);
    for (const message of messages) this.#store.remove('messages', message.id);
    return () => this.add(meta, copies);
  }

  /** @param {Meta} meta @param {Message[]} messages */
  add(meta, messages) {
    for (const message of messages) this.#store.put('messages', message);
    this.#opened.delete(meta.id);
    this.update(meta, {});
  }

  /** The ids of the conversations in which this is said, with the words around it. @param {string} words */
  async search(words) {
    const wanted = words.toLowerCase();
    /** @type {Map<string, string>} */
    const found = new Map();
    for (const { conversation, text } of await this.#store.all('messages')) {
      const at = found.has(conversation) ? -1 : text.toLowerCase().indexOf(wanted);
      if (at >= 0) found.set(conversation, text.slice(Math.max(0, at - 20), at + 60).replace(/\s+/g, ' '));
    }
    for (const { id, title } of this.#metas.values()) {
      if (!found.has(id) && title.toLowerCase().includes(wanted)) found.set(id, '');
    }
    return found;
  }

  /** Write down all that is not. */
  flush() {
    for (const conversation of this.#read) conversation.flush();
  }

  /** Everything in all of them, the newest first. @returns {Promise<Conversation[]>} */
  everything() {
    return Promise.all(this.metas.map(({ id }) => this.open(id)));
  }

  /** Take in what another tab has written; returns the conversation that it is about. @param {Change} change @returns {Promise<string>} */
  async adopt({ table, id = '', record }) {
    if (table === 'conversations') {
      if (record) this.#metas.set(record.id, Object.assign(this.#metas.get(record.id) ?? {}, /** @type {Meta} */ (record)));
      else {
        this.#metas.delete(id);
        this.#opened.delete(id);
      }
      return record?.id ?? id;
    }
    const message = /** @type {Message | undefined} */ (record);
    for (const opened of this.#opened.values()) {
      const conversation = await opened;
      if (message && conversation.meta.id === message.conversation) conversation.adopt(message);
      else if (!message) conversation.drop(id);
    }
    return message?.conversation ?? '';
  }
}
