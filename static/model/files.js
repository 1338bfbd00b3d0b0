// Where the bytes of files are kept: a database of their own, so that its trouble is none of the conversations'.
//
// Messages and drafts refer to a file by its id, the digest of its bytes; several may refer to the same one. A file to
// which none refers is removed later, when no Undo can bring such a message back. Where nothing can be stored, the
// files of this visit are kept in memory.

import { Late, atMost } from '../system/time.js';
import { uuid } from './message.js';

/** @typedef {{ id: string, size: number, touched: number }} Kept */
/** @typedef {{ type: string, bytes: ArrayBuffer }} Bytes a file where the browser stores no Blob */

const DATABASE = 'claude-sse-files';
/** What was attached or used in this time may be in a draft that is not stored, or come back by Undo. */
const GRACE_MS = 3_600_000;

export class Files {
  /** Files that could not be stored, and those that are being stored. @type {Map<string, Blob>} */
  #memory = new Map();
  #open;
  #now;
  /** @type {Promise<IDBDatabase> | undefined} */
  #database;

  /** `open` resolves to a database as `openFiles` does. @param {{ open?: () => Promise<IDBDatabase>, now?: () => number }} [options] */
  constructor({ open = openFiles, now = Date.now } = {}) {
    this.#open = open;
    this.#now = now;
  }

  /** Keep a file; resolve to its id, and to whether a reload will find it. @param {Blob} blob */
  async keep(blob) {
    const id = await digestOf(blob);
    this.#memory.set(id, blob);
    const isStored = await this.#store(id, blob);
    // What is stored is read when it is seen or sent.
    if (isStored) this.#memory.delete(id);
    else void this.#storeLate(id, blob);
    return { id, isStored };
  }

  /** Return a file, undefined if it is gone; reject with `Late` while the database does not open. @param {string} id @returns {Promise<Blob | undefined>} */
  async blob(id) {
    const stored = () => this.#use('blobs', 'readonly', ({ blobs }) => answerOf(blobs.get(id)));
    return this.#memory.get(id) ?? blobOf(await stored()) ?? this.#memory.get(id);
  }

  /** Return the number of files that are kept, and the room that they take in bytes. */
  async total() {
    const all = await this.#all();
    const sizes = [...all, ...this.#memory.values()].map(({ size }) => size);
    return { count: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
  }

  /** Remove what was not touched for an hour and is not among the ids that `used` resolves to. @param {() => Promise<Set<string>>} used */
  async sweep(used) {
    const isOld = (/** @type {Kept} */ { touched }) => this.#now() - touched > GRACE_MS;
    const old = (await this.#all()).filter(isOld);
    if (!old.length) return;
    const inUse = await used();
    const unused = old.filter(({ id }) => !inUse.has(id));
    await this.#use('both', 'readwrite', async ({ kept, blobs }) => {
      for (const { id } of unused) {
        const known = await answerOf(kept.get(id));
        if (known && !isOld(known)) continue; // another tab uses it since
        kept.delete(id);
        blobs.delete(id);
      }
    });
  }

  /** Remove all of them. */
  async clear() {
    this.#memory.clear();
    await this.#use('both', 'readwrite', async ({ kept, blobs }) => {
      kept.clear();
      blobs.clear();
    });
  }

  /** A private window of Safari stores no Blob, but its bytes. @param {string} id @param {Blob} blob */
  async #store(id, blob) {
    const { size, type } = blob;
    const store = (/** @type {Blob | Bytes} */ file) =>
      this.#use('both', 'readwrite', async ({ kept, blobs }) => {
        blobs.put(file, id);
        kept.put({ id, size, touched: this.#now() });
        return true;
      });
    try {
      return (
        (await store(blob)) ?? (await store({ type, bytes: await blob.arrayBuffer() })) ?? false
      );
    } catch {
      return false;
    }
  }

  /** Where the database is opening still, store the file once it is open. @param {string} id @param {Blob} blob */
  async #storeLate(id, blob) {
    if (!(await this.#database?.catch(() => undefined)) || !this.#memory.has(id)) return;
    if (await this.#store(id, blob)) this.#memory.delete(id);
  }

  /** @returns {Promise<Kept[]>} */
  async #all() {
    const all = this.#use('kept', 'readonly', ({ kept }) => answerOf(kept.getAll()));
    return (await all.catch(() => [])) ?? [];
  }

  /**
   * Resolve to what `work` does in one transaction, once that is stored; to undefined where it fails. Reject with `Late`
   * where the database does not open in time; it may still do so.
   *
   * @template T
   * @param {'kept' | 'blobs' | 'both'} table
   * @param {IDBTransactionMode} mode
   * @param {(tables: { kept: IDBObjectStore, blobs: IDBObjectStore }) => Promise<T>} work
   * @returns {Promise<T | undefined>}
   */
  async #use(table, mode, work) {
    // Twice: the browser may have closed it since the last time.
    for (const _ of [1, 2]) {
      try {
        this.#database ??= this.#open();
        return await transact(await atMost(this.#database), table, mode, work);
      } catch (error) {
        if (error instanceof Late) throw error;
        this.#database = undefined;
      }
    }
  }
}

/** Those of this browser. */
export const files = new Files();

/** @returns {Promise<IDBDatabase>} */
function openFiles() {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('blobs');
    opening.result.createObjectStore('kept', { keyPath: 'id' });
  };
  return answerOf(opening).then((db) => {
    db.onversionchange = () => db.close(); // a newer page must not wait for this one
    return db;
  });
}

/**
 * @template T
 * @param {IDBDatabase} database
 * @param {'kept' | 'blobs' | 'both'} table
 * @param {IDBTransactionMode} mode
 * @param {(tables: { kept: IDBObjectStore, blobs: IDBObjectStore }) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function transact(database, table, mode, work) {
  const names = table === 'both' ? ['kept', 'blobs'] : [table];
  const transaction = database.transaction(names, mode);
  const stored = endOf(transaction);
  stored.catch(() => {}); // `work` fails with it
  const tables = names.map((name) => [name, transaction.objectStore(name)]);
  const result = await work(Object.fromEntries(tables));
  await stored;
  return result;
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answerOf(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
function endOf(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}

/** @param {Blob | Bytes | undefined} stored */
function blobOf(stored) {
  return stored && 'bytes' in stored && stored.bytes instanceof ArrayBuffer
    ? new Blob([stored.bytes], { type: stored.type })
    : /** @type {Blob | undefined} */ (stored);
}

/** The SHA-256 of the bytes; where that is not to be had (plain http off localhost), an id that no other file has. @param {Blob} blob */
async function digestOf(blob) {
  if (!globalThis.crypto?.subtle) return uuid();
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
