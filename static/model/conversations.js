// All conversations of this browser: which there are, what is in them, and where something was said.

import { Conversation } from './conversation.js';
import { uuid } from './message.js';
import { isOutdated, repaired } from './records.js';
import { isGreeting, titleFrom } from './title.js';

/** @import { Change, Message, Meta, Store } from '../types.js' */

/** How long what was deleted can be brought back. */
const KEPT_MS = 3_600_000;

export class Conversations {
  /** @type {Map<string, Meta>} */
  #metas = new Map();
  /** @type {Map<string, Conversation>} those that were opened; an answer of theirs may still arrive */
  #opened = new Map();
  #store;

  /** @param {Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** Take over what is stored, also when it can be read again. */
  async load() {
    for (const meta of await this.#store.all('conversations')) this.#adoptMeta(meta.id, meta);
    for (const [id, conversation] of this.#opened) {
      if (this.has(id)) await this.#catchUp(conversation).catch(() => undefined);
    }
  }

  /** Those that are not deleted, the newest first. */
  get metas() {
    const metas = [...this.#metas.values()].filter(({ deleted }) => !deleted);
    return metas.sort((a, b) => b.touched - a.touched);
  }

  /** Those that are deleted and can be brought back, the last deleted first. */
  get deleted() {
    const metas = [...this.#metas.values()].filter(({ deleted }) => deleted);
    return metas.sort((a, b) => Number(b.deleted) - Number(a.deleted));
  }

  /** Return whether there is this conversation, and it is not deleted. @param {string} id */
  has(id) {
    const meta = this.#metas.get(id);
    return meta !== undefined && !meta.deleted;
  }

  /** Return whether there is this conversation, deleted or not. @param {string} id */
  keeps(id) {
    return this.#metas.has(id);
  }

  /** Return a new one; it is stored when something is asked in it. */
  create() {
    const now = Date.now();
    const conversation = this.#open({ id: uuid(), title: '', at: now, touched: now });
    conversation.loaded = Promise.resolve();
    return conversation;
  }

  /** Return this conversation, whose messages may be yet to come. @param {string} id @returns {Conversation} */
  at(id) {
    return this.#opened.get(id) ?? this.#open(/** @type {Meta} */ (this.#metas.get(id)));
  }

  /** Reject while the storage does not answer. @param {string} id @returns {Promise<Conversation>} */
  async open(id) {
    const conversation = this.at(id);
    try {
      await (conversation.loaded ??= conversation.load());
    } catch (error) {
      this.#opened.delete(id); // the next one may succeed
      throw error;
    }
    return conversation;
  }

  /** Change what is known of a conversation, and store it. @param {Meta} meta @param {Partial<Meta>} changes */
  update(meta, changes) {
    Object.assign(meta, changes, { changed: later(meta) });
    this.#metas.set(meta.id, meta);
    this.#store.write([{ table: 'conversations', record: meta }]);
  }

  /** Set what belongs to a conversation; one in which nothing was asked yet is not stored. @param {Meta} meta @param {Partial<Meta>} own */
  set(meta, own) {
    if (this.has(meta.id)) this.update(meta, own);
    else Object.assign(meta, own);
  }

  /** Show this version from now on, here and in the other tabs. @param {Conversation} conversation @param {Message} message */
  choose(conversation, message) {
    if (this.has(conversation.meta.id))
      this.update(conversation.meta, { chosen: conversation.choosing(message) });
  }

  /** @param {string} id @param {string} title */
  rename(id, title) {
    const meta = this.#metas.get(id);
    if (meta) this.update(meta, { title, renamed: true });
  }

  /** Pin or archive it, or no longer. @param {string} id @param {'pinned' | 'archived'} mark */
  toggle(id, mark) {
    const meta = this.#metas.get(id);
    if (meta) this.update(meta, { [mark]: meta[mark] ? undefined : Date.now() });
  }

  /** Something was asked: it is the newest, is listed, and has a title. @param {Conversation} conversation @param {string} text */
  touch({ meta }, text) {
    const isNamed = meta.title && (meta.renamed || !isGreeting(meta.title));
    const title = isNamed ? meta.title : titleFrom(text);
    this.update(meta, { title, touched: Date.now(), archived: undefined });
  }

  /** It has no messages: it is as if it had never been stored. @param {Meta} meta */
  discard(meta) {
    meta.title = '';
    this.#metas.delete(meta.id);
    this.#store.write([{ table: 'conversations', id: meta.id }]);
  }

  /** Delete these; until they are purged they can be brought back. @param {string[]} ids */
  remove(ids) {
    this.#mark(ids, Date.now());
  }

  /** Bring back what was deleted. @param {string[]} ids */
  restore(ids) {
    this.#mark(ids, undefined);
  }

  /** @param {string[]} ids @param {number | undefined} deleted */
  #mark(ids, deleted) {
    const metas = ids.flatMap((id) => this.#metas.get(id) ?? []);
    for (const meta of metas) Object.assign(meta, { deleted, changed: later(meta) });
    if (!metas.length) return;
    this.#store.write(metas.map((record) => ({ table: 'conversations', record })));
  }

  /** Remove for good what was deleted at this time or before it. */
  async purge(before = Date.now() - KEPT_MS) {
    for (const { id } of this.deleted.filter(({ deleted }) => Number(deleted) <= before)) {
      const stored = await Promise.resolve(this.#store.messages(id)).catch(() => undefined);
      if (!stored) return; // the storage does not answer: another time
      if (this.has(id)) continue; // it was brought back meanwhile
      const messages = [...stored, ...this.#forget(id)];
      await this.#store.write([{ table: 'conversations', id }, ...removalsOf(messages)]);
    }
  }

  /** Resolves once they are stored. @param {Meta} meta @param {Message[]} messages */
  add(meta, messages) {
    this.#metas.set(meta.id, meta);
    /** @type {Change[]} */
    const changes = messages.map((record) => ({ table: 'messages', record }));
    return this.#store.write([{ table: 'conversations', record: meta }, ...changes]);
  }

  /** Yield all messages, some at a time. */
  said() {
    return this.#store.some('messages');
  }

  /** Store everything that has changed. */
  flush() {
    for (const conversation of this.#opened.values()) conversation.flush();
  }

  /** All that can be read, with everything in them, the newest first. */
  async everything() {
    const all = await Promise.allSettled(this.metas.map(({ id }) => this.open(id)));
    return all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  }

  /**
   * Take over what another tab has written; return the id of the conversation that it belongs to.
   *
   * @param {Change} change
   */
  async adopt({ table, id = '', record: sent }) {
    const [record] = sent ? repaired(table, sent) : [];
    if (sent && !record) return undefined;
    return table === 'conversations' ? this.#adoptMeta(id, record) : this.#adoptMessage(id, record);
  }

  /** Take over what is stored of a conversation that was opened without it. @param {Conversation} conversation */
  async #catchUp(conversation) {
    for (const message of await this.#store.messages(conversation.meta.id))
      conversation.adopt(message);
  }

  /** @param {string} id @param {Meta | undefined} meta */
  #adoptMeta(id, meta) {
    if (meta) this.#metas.set(meta.id, merged(this.#metas.get(meta.id), meta));
    else this.#store.write(removalsOf(this.#forget(id))); // and what was written here meanwhile
    return meta?.id ?? id;
  }

  /** @param {string} id @param {Message | undefined} message */
  async #adoptMessage(id, message) {
    for (const conversation of this.#opened.values()) {
      await conversation.loaded?.catch(() => undefined);
      if (!message) conversation.drop(id);
      else if (conversation.meta.id === message.conversation) conversation.adopt(message);
    }
    return message?.conversation;
  }

  /** @param {Meta} meta */
  #open(meta) {
    const conversation = new Conversation(this.#store, meta);
    this.#opened.set(meta.id, conversation);
    return conversation;
  }

  /** Return the messages that were opened of it. @param {string} id */
  #forget(id) {
    const messages = this.#opened.get(id)?.empty() ?? [];
    this.#metas.delete(id);
    this.#opened.delete(id);
    return messages;
  }
}

/** Return the moment of a change, after the last one also where the clock was set back. @param {Meta} meta */
const later = ({ changed = 0 }) => Math.max(Date.now(), changed + 1);

/** @param {Message[]} messages @returns {Change[]} */
function removalsOf(messages) {
  return messages.map(({ id }) => ({ table: 'messages', id }));
}

/** What was changed last counts, also if it is heard of first; of each version its last choice, in whichever tab. @param {Meta | undefined} known @param {Meta} meta */
function merged(known, meta) {
  if (!known) return meta;
  const chosen = { ...known.chosen };
  for (const [id, at] of Object.entries(meta.chosen ?? {}))
    chosen[id] = Math.max(at, chosen[id] ?? 0);
  const gone = { deleted: undefined, pinned: undefined, archived: undefined };
  return Object.assign(known, isOutdated(meta, known) ? {} : { ...gone, ...meta }, { chosen });
}
