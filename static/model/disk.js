// Conversations in the browser's database: one record per message, so that saving a growing answer writes only that.

import { TABLES, openDatabase } from './database.js';
import { usable } from './records.js';

/** @import { Change, Disk, Message, Table } from '../types.js' */

/** As many records as can be taken over within a frame. */
const SOME = 100;

/**
 * Open the database; reject where the browser forbids it. It may never settle.
 *
 * @param {Set<string>} broken names the records that cannot be used; they stay where they are
 * @returns {Promise<Disk>}
 */
export async function openDisk(broken) {
  const db = await openDatabase();
  /** @param {Table} table @param {string} [index] @param {IDBValidKey | IDBKeyRange} [wanted] @returns {Promise<any[]>} */
  const read = async (table, index, wanted) =>
    usable(table, await readAll(db, table, index, wanted), broken);
  if (await hasUnplaced(db)) await placeAll(db, await read('messages'));
  return {
    all: (table) => read(table),
    some: async (table, after) => {
      const keys = await keysAfter(db, table, after);
      const last = /** @type {string | undefined} */ (keys.at(-1));
      if (last === undefined) return { records: [] };
      return { records: await read(table, '', IDBKeyRange.bound(keys[0], last)), last };
    },
    messages: (id) => read('messages', 'place', IDBKeyRange.bound([id], [id, []])),
    open: () => read('messages', 'state', 'streaming'),
    write: (changes) => write(db, changes),
  };
}

/**
 * Return all records, by an index if one is named; `undefined` in place of one that the browser itself cannot read.
 *
 * @param {IDBDatabase} db
 * @param {Table} table
 * @param {string} [index]
 * @param {IDBValidKey | IDBKeyRange} [wanted]
 * @returns {Promise<unknown[]>}
 */
async function readAll(db, table, index, wanted) {
  const records = () => db.transaction(table).objectStore(table);
  const source = () => (index ? records().index(index) : records());
  try {
    return await done(source().getAll(wanted));
  } catch {
    const keys = await done(source().getAllKeys(wanted));
    const one = async (/** @type {IDBValidKey} */ key) => done(records().get(key));
    return Promise.all(keys.map((key) => one(key).catch(() => undefined)));
  }
}

/** Return the ids of the next ones after this. @param {IDBDatabase} db @param {Table} table @param {string} after */
function keysAfter(db, table, after) {
  const records = db.transaction(table).objectStore(table);
  return done(records.getAllKeys(IDBKeyRange.lowerBound(after, true), SOME));
}

/** Return whether there are messages that no conversation has, because their place is damaged. @param {IDBDatabase} db */
async function hasUnplaced(db) {
  const records = db.transaction('messages').objectStore('messages');
  const [all, placed] = [records.count(), records.index('place').count()].map(done);
  return (await all) > (await placed);
}

/** Give a place to those that have none. @param {IDBDatabase} db @param {Message[]} messages as they were repaired */
async function placeAll(db, messages) {
  const index = db.transaction('messages').objectStore('messages').index('place');
  const placed = new Set(await done(index.getAllKeys()));
  const lost = messages.filter(({ id }) => !placed.has(id));
  if (lost.length)
    await write(
      db,
      lost.map((record) => ({ table: 'messages', record })),
    );
}

/** Make all of these changes or none. @param {IDBDatabase} db @param {Change[]} changes @returns {Promise<void>} */
function write(db, changes) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(TABLES, 'readwrite');
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new DOMException('', 'AbortError'));
    try {
      for (const { table, record, id = '' } of changes) {
        const records = transaction.objectStore(table);
        if (record) records.put(record);
        else records.delete(id);
      }
    } catch (error) {
      reject(error);
      transaction.abort();
    }
    commit(transaction);
  });
}

/** End it immediately: left open in a page that is frozen, it would keep all others waiting. @param {IDBTransaction} transaction */
function commit(transaction) {
  try {
    transaction.commit();
  } catch {
    // it has ended already, and its events tell how
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
