// All conversations of this browser: which there are, what is in them, what was said where.

import { Conversation } from './conversation.js';
import { uuid } from './message.js';
import { sound } from './records.js';

/** @import { Change, Message, Meta, Store } from '../types.js' */

const TITLE_CHARACTERS = 60;

export class Library {
  /** @type {Map<string, Meta>} */
  #metas = new Map();
  /** @type {Map<string, Conversation>} those that were opened; an answer of theirs may still come */
  #opened = new Map();
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

  has(id) {
    return this.#metas.has(id);
  }

  /** A new one; it is kept when something is asked in it. */
  create() {
    const conversation = this.#open({ id: uuid(), title: '', at: Date.now(), touched: Date.now() });
    conversation.loaded = Promise.resolve();
    return conversation;
  }

  /** @returns {Promise<Conversation>} */
  async open(id) {
    const conversation =
      this.#opened.get(id) ?? this.#open(/** @type {Meta} */ (this.#metas.get(id)));
    await (conversation.loaded ??= conversation.load());
    return conversation;
  }

  /** Change what is known of a conversation, and keep it. @param {Meta} meta @param {Partial<Meta>} changes */
  update(meta, changes) {
    Object.assign(meta, changes);
    this.#metas.set(meta.id, meta);
    this.#store.write([{ table: 'conversations', record: meta }]);
  }

  rename(id, title) {
    const meta = this.#metas.get(id);
    if (meta) this.update(meta, { title });
  }

  /** Something was asked: it is the newest, and has a title. @param {Conversation} conversation */
  touch({ meta }, text) {
    const line = text.trim().replace(/\s+/g, ' ');
    const title =
      meta.title ||
      (line.length > TITLE_CHARACTERS ? `${line.slice(0, TITLE_CHARACTERS).trim()}…` : line);
    this.update(meta, { title, touched: Date.now() });
  }

  /** Delete a conversation; returns what brings it back. */
  async remove(id) {
    const opening = this.open(id);
    this.#metas.delete(id); // nobody finds it from now on
    const conversation = await opening;
    const { meta, messages } = conversation;
    this.#store.write([{ table: 'conversations', id }, ...this.#forget(id)]);
    return () => {
      conversation.messages = messages; // the same ones: an answer may still be about to end
      this.#opened.set(id, conversation);
      this.add(meta, messages);
    };
  }

  /** @param {Meta} meta @param {Message[]} messages */
  add(meta, messages) {
    this.#metas.set(meta.id, meta);
    /** @type {Change[]} */
    const changes = messages.map((record) => ({ table: 'messages', record }));
    this.#store.write([{ table: 'conversations', record: meta }, ...changes]);
  }

  /** The ids of the conversations in which this is said, with the words around it. */
  async search(words) {
    const wanted = words.toLowerCase();
    const found = new Map();
    for (const { conversation, text } of await this.#store.all('messages')) {
      const at = found.has(conversation) ? -1 : text.toLowerCase().indexOf(wanted);
      if (at >= 0)
        found.set(conversation, text.slice(Math.max(0, at - 20), at + 60).replace(/\s+/g, ' '));
    }
    for (const { id, title } of this.#metas.values()) {
      if (!found.has(id) && title.toLowerCase().includes(wanted)) found.set(id, '');
    }
    return found;
  }

  /** Write down all that is not. */
  flush() {
    for (const conversation of this.#opened.values()) conversation.flush();
  }

  /** Everything in all of them, the newest first. */
  everything() {
    return Promise.all(this.metas.map(({ id }) => this.open(id)));
  }

  /** Take in what another tab has written; returns the id of the conversation that it is about. @param {Change} change */
  async adopt({ table, id = '', record: sent }) {
    const [record] = sent ? sound(table, sent) : [];
    if (sent && !record) return undefined;
    if (table === 'conversations') {
      const meta = /** @type {Meta | undefined} */ (record);
      if (meta) this.#metas.set(meta.id, Object.assign(this.#metas.get(meta.id) ?? {}, meta));
      else this.#store.write(this.#forget(id)); // with what was written here meanwhile
      return meta?.id ?? id;
    }
    const message = /** @type {Message | undefined} */ (record);
    for (const conversation of this.#opened.values()) {
      await conversation.loaded;
      if (!message) conversation.drop(id);
      else if (conversation.meta.id === message.conversation) conversation.adopt(message);
    }
    return message?.conversation;
  }

  #open(meta) {
    const conversation = new Conversation(this.#store, meta);
    this.#opened.set(meta.id, conversation);
    return conversation;
  }

  /** Returns what takes its messages from the store. @returns {Change[]} */
  #forget(id) {
    const gone = this.#opened.get(id)?.empty() ?? [];
    this.#metas.delete(id);
    this.#opened.delete(id);
    return gone.map((message) => ({ table: 'messages', id: message.id }));
  }
}
