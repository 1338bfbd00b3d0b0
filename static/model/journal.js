// What the database has not stored yet: in memory, and as far as it fits also in localStorage. If this page goes before
// the database answers, a tab that is open finds it there, or the next page does.

import { isOutdated } from './records.js';
import { localStore } from './store.js';

/** @import { Change, StorageLike, StoredRecord, Table } from '../types.js' */

/** @type {Table[]} */
const TABLES = ['conversations', 'messages'];
const keyOf = (/** @type {Change} */ { table, record, id }) => `${table}:${record?.id ?? id}`;

export class Journal {
  /** The latest change of each record. @type {Map<string, Change>} */
  #changes = new Map();
  /** The keys of what is in localStorage, too. @type {Set<string>} */
  #copied = new Set();
  /** Those that a page has left, this one or another: a tab may know better since. @type {WeakSet<Change>} */
  #earlier = new WeakSet();
  #mirror;

  /** @param {StorageLike} storage @param {Set<string>} broken */
  constructor(storage, broken) {
    this.#mirror = localStore(storage, broken);
    this.takeOver([]);
  }

  /** What is still to be stored. */
  get changes() {
    return [...this.#changes.values()];
  }

  /** Take over what pages that are gone have left: these changes, and those in localStorage; return whether there are any. @param {Change[]} left */
  takeOver(left) {
    const copies = TABLES.flatMap((table) =>
      this.#left(table).map((record) => ({ table, record })),
    );
    const news = [...copies, ...left].filter((change) => !this.#isKnown(change));
    this.add(news);
    for (const change of news) {
      this.#earlier.add(change);
      this.#copied.add(keyOf(change));
    }
    return news.length > 0;
  }

  /** Return what is still to be stored, as the page goes. If it comes back, another one may have stored it and more. */
  leave() {
    const { changes } = this;
    for (const change of changes) this.#earlier.add(change);
    return changes;
  }

  /** Return whether this page has the same record to store, as new or newer. @param {Change} change */
  #isKnown(change) {
    const mine = this.#changes.get(keyOf(change));
    return mine !== undefined && !(mine.record && isOutdated(mine.record, change.record));
  }

  /** Return those of these changes that a page has left. @param {Change[]} changes */
  earlier(changes) {
    return changes.filter((change) => this.#earlier.has(change));
  }

  /** @param {Change[]} changes */
  add(changes) {
    for (const change of changes) this.#changes.set(keyOf(change), change);
  }

  /** Return those of these changes that are still to be stored. @param {Change[]} changes */
  waiting(changes) {
    return changes.filter((change) => this.#changes.get(keyOf(change)) === change);
  }

  /** Copy to localStorage what fits there. */
  copy() {
    for (const change of this.#changes.values())
      if (this.#write(change)) this.#copied.add(keyOf(change));
  }

  /** These are stored now; of those that have changed since, the latest is still to be. @param {Change[]} changes */
  settle(changes) {
    for (const change of changes) {
      const key = keyOf(change);
      if (this.#changes.get(key) !== change) continue;
      this.#changes.delete(key);
      if (!this.#copied.delete(key)) continue;
      this.#write({ table: change.table, id: change.record?.id ?? change.id });
    }
  }

  /** Return stored records as they are with these changes. @param {Table} table @param {any[]} stored @returns {any[]} */
  applied(table, stored) {
    /** @type {Map<string, StoredRecord>} */
    const records = new Map();
    const put = (/** @type {StoredRecord} */ record) => {
      if (!isOutdated(record, records.get(record.id))) records.set(record.id, record);
    };
    for (const record of [...stored, ...this.#left(table)]) put(record);
    for (const { table: changed, record, id = '' } of this.#changes.values()) {
      if (changed !== table) continue;
      if (record) put(record);
      else records.delete(id);
    }
    return [...records.values()];
  }

  /** What this page or another one has left in localStorage. @param {Table} table @returns {any[]} */
  #left(table) {
    try {
      return /** @type {any[]} */ (this.#mirror.all(/** @type {any} */ (table)));
    } catch {
      return []; // forbidden here
    }
  }

  /** Return whether it fits. @param {Change} change */
  #write(change) {
    try {
      this.#mirror.write([change]);
      return true;
    } catch {
      return false; // full, or forbidden: it is in memory
    }
  }
}
