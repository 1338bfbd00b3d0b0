// Where conversations are stored: one record per message, so that saving a growing answer writes only that.
// IndexedDB where the library and the browser allow it, otherwise localStorage. The other tabs hear of each write.

import { repaired } from './records.js';

/** @import { Change, Store, StorageLike, Table } from '../types.js' */

/** Return the best store that this browser offers. @returns {Promise<Store>} */
export async function openStore() {
  try {
    // @ts-ignore: sets globalThis.idb
    await import('../vendor/idb.js');
    return indexedStore(await openDatabase());
  } catch {
    return localStore(browserStorage());
  }
}

/** The API of idb is not typed here: its own types are not vendored. @returns {Promise<any>} */
function openDatabase() {
  const { idb } = /** @type {any} */ (globalThis);
  return idb.openDB('claude-sse', 1, {
    upgrade(/** @type {any} */ db) {
      db.createObjectStore('conversations', { keyPath: 'id' });
      const messages = db.createObjectStore('messages', { keyPath: 'id' });
      messages.createIndex('place', ['conversation', 'n']);
      messages.createIndex('state', 'state');
    },
    // A newer page must not wait for this one's database.
    blocking(/** @type {number} */ _old, /** @type {number} */ _new, /** @type {any} */ event) {
      event.target.close();
    },
  });
}

/** Return a store that can be used while it is still being opened. @param {Promise<Store>} opening @returns {Store} */
export function deferredStore(opening) {
  /** @type {any} */
  let opened;
  opening.then((store) => (opened = store));
  const call =
    (/** @type {keyof Store} */ name) =>
    (/** @type {any[]} */ ...values) =>
      opened
        ? opened[name](...values)
        : opening.then((store) => /** @type {any} */ (store)[name](...values));
  return { all: call('all'), messages: call('messages'), open: call('open'), write: call('write') };
}

/** @param {any} db @returns {Store} */
function indexedStore(db) {
  const usable = async (/** @type {Table} */ table, /** @type {Promise<unknown[]>} */ records) =>
    (await records).flatMap((record) => repaired(table, record));
  const byIndex = (/** @type {string} */ index, /** @type {unknown} */ range) =>
    usable('messages', db.getAllFromIndex('messages', index, range));
  return {
    all: (/** @type {Table} */ table) => usable(table, db.getAll(table)),
    messages: (id) => byIndex('place', IDBKeyRange.bound([id], [id, []])),
    open: () => byIndex('state', 'streaming'),
    write(changes) {
      const transaction = db.transaction(['conversations', 'messages'], 'readwrite');
      const writes = changes.map(({ table, record, id }) => {
        const records = transaction.objectStore(table);
        return record ? records.put(record) : records.delete(id);
      });
      return Promise.all([...writes, transaction.done]);
    },
  };
}

/** @param {StorageLike} storage @returns {Store} */
export function localStore(storage) {
  const key = (/** @type {Table} */ table, id = '') => `claude-sse:${table}:${id}`;
  /** @param {Table} table @returns {any[]} */
  const all = (table) =>
    Object.keys(storage)
      .filter((name) => name.startsWith(key(table)))
      .flatMap((name) => repaired(table, read(name)));
  return {
    all,
    messages: (id) =>
      all('messages')
        .filter(({ conversation }) => conversation === id)
        .sort((a, b) => a.n - b.n),
    open: () => all('messages').filter(({ state }) => state === 'streaming'),
    write(changes) {
      for (const { table, record, id } of changes) {
        if (record) storage.setItem(key(table, record.id), JSON.stringify(record));
        else storage.removeItem(key(table, id));
      }
    },
  };

  /** An unreadable record counts as missing: it must not keep the page from starting. @param {string} name */
  function read(name) {
    try {
      return JSON.parse(storage.getItem?.(name) ?? '');
    } catch {
      return undefined;
    }
  }
}

/** @returns {StorageLike} */
function browserStorage() {
  try {
    return localStorage;
  } catch {
    return { setItem() {}, removeItem() {} }; // forbidden here: a reload forgets
  }
}

/**
 * Return the same store, which tells the other tabs what it writes.
 *
 * @param {Store} store
 * @param {BroadcastChannel} channel
 * @param {(error: unknown) => void} onFailed
 * @returns {Store}
 */
export function sharedStore(store, channel, onFailed) {
  return {
    ...store,
    async write(changes) {
      try {
        await store.write(changes); // called synchronously: a page that goes away has no later turn
      } catch (error) {
        onFailed(error);
      }
      channel.postMessage(changes); // not before: no tab takes over what was never stored
    },
  };
}
