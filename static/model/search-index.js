// What is said in all conversations, ready to be searched: read once, a few records at a time, and kept up to date.

import { fold, placesIn, snippetOf } from './folding.js';

/** @import { Change, Message, Meta } from '../types.js' */
/**
 * @typedef {{ text: string, folded: string, n: number }} Entry a message as it is compared, with the names of its files
 * @typedef {{ id: string, snippet: string, message: string, count: number }} Found a conversation, the message to show
 *   first ('' where only the title has it), and how many messages have a term
 */

/** The page must be able to draw a frame in between. */
const SLICE_MS = 8;

export class SearchIndex {
  /** Entries by the ids of their messages, by that of their conversation. @type {Map<string, Map<string, Entry>>} */
  #said = new Map();
  /** @type {Map<string, string>} the conversations of the messages */
  #places = new Map();
  /** What was removed: a reading that began before does not bring it back. @type {Set<string>} */
  #gone = new Set();
  #pause;
  #ends = 0;

  /** `pause` resolves when the page has had its turn. @param {() => Promise<unknown>} pause */
  constructor(pause) {
    this.#pause = pause;
  }

  /** Take in what is stored; `onSome` is called whenever there is more. @param {AsyncIterable<Message[]>} stored @param {() => void} onSome */
  async read(stored, onSome) {
    for await (const records of stored) {
      for (const record of records) {
        // What has been heard of meanwhile is newer than what was stored when it was read.
        if (!this.#places.has(record.id) && !this.#gone.has(record.id)) this.#take(record);
        await this.#breathe();
      }
      onSome();
    }
  }

  /** Take over what has been written, here or in another tab. @param {Change[]} changes */
  apply(changes) {
    for (const { table, record, id = '' } of changes) {
      if (table !== 'messages') continue;
      if (record) this.#take(/** @type {Message} */ (record));
      else this.#drop(id);
    }
  }

  /** @param {Message} message */
  #take({ id, conversation, text, n, ...more }) {
    const files = 'files' in more && Array.isArray(more.files) ? more.files : [];
    const whole = [text, ...files.map(({ name }) => name)].join('\n');
    const known = this.#said.get(conversation)?.get(id);
    if (known?.text === whole) return;
    this.#places.set(id, conversation);
    const entries = this.#said.get(conversation) ?? new Map();
    this.#said.set(conversation, entries.set(id, { text: whole, folded: fold(whole), n }));
  }

  /** @param {string} id */
  #drop(id) {
    this.#said.get(this.#places.get(id) ?? '')?.delete(id);
    this.#places.delete(id);
    this.#gone.add(id);
  }

  /**
   * Yield the conversations that have all of these terms, in the order of `metas`.
   *
   * @param {Meta[]} metas
   * @param {string[]} terms
   * @param {() => boolean} [isOver] the result is no longer needed
   * @returns {AsyncGenerator<Found>}
   */
  async *search(metas, terms, isOver = () => false) {
    for (const { id, title } of metas) {
      if (isOver()) return;
      const found = await this.#found(id, title, terms);
      if (found) yield found;
    }
  }

  /** @param {string} id @param {string} title @param {string[]} terms @returns {Promise<Found | undefined>} */
  async #found(id, title, terms) {
    const inTitle = fold(title);
    const missing = new Set(terms.filter((term) => !inTitle.includes(term)));
    /** @type {{ message: string, entry: Entry, count: number } | undefined} */
    let best;
    let count = 0;
    for (const [message, entry] of this.#said.get(id) ?? []) {
      await this.#breathe();
      const has = terms.filter((term) => entry.folded.includes(term));
      if (!has.length) continue;
      count += 1;
      for (const term of has) missing.delete(term);
      const isBetter = has.length > (best?.count ?? 0);
      const isEarlier = has.length === best?.count && entry.n < best.entry.n;
      if (isBetter || isEarlier) best = { message, entry, count: has.length };
    }
    if (missing.size) return undefined;
    const snippet = best ? snippetOf(best.entry.text, terms) : '';
    return { id, snippet, message: best?.message ?? '', count };
  }

  /** Return how often these terms stand in each message of a conversation that has one. @param {string} id @param {string[]} terms */
  hitsIn(id, terms) {
    const said = [...(this.#said.get(id) ?? [])];
    const counts = said.map(([message, { folded }]) => ({
      message,
      count: placesIn(folded, terms).length,
    }));
    return new Map(counts.filter(({ count }) => count).map((one) => [one.message, one.count]));
  }

  async #breathe() {
    const now = performance.now();
    if (now < this.#ends) return;
    if (this.#ends) await this.#pause();
    this.#ends = performance.now() + SLICE_MS;
  }
}
