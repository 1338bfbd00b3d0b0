// Conversations in localStorage, which is small, and a store that tells the other tabs what it writes.

import { usable } from './records.js';

/** @import { Channel, StorageLike, Store, Table } from '../types.js' */

/**
 * Return the same store, which tells the other tabs what it writes.
 *
 * @param {Store} store
 * @param {Pick<Channel, 'postMessage'>} channel
 * @param {(error: unknown) => void} [onFailed]
 * @returns {Store}
 */
export function sharedStore(store, channel, onFailed) {
  return {
    all: (/** @type {any} */ table) => /** @type {any} */ (store.all(table)),
    some: (table) => store.some(table),
    messages: (id) => store.messages(id),
    open: () => store.open(),
    async write(changes) {
      try {
        await store.write(changes); // called synchronously: a page that goes away has no later turn
      } catch (error) {
        onFailed?.(error);
      }
      channel.postMessage(changes); // not before: no tab takes over what was never stored
    },
  };
}

/** @param {StorageLike} storage @param {Set<string>} [broken] names the records that cannot be used @returns {Store} */
export function localStore(storage, broken) {
  const key = (/** @type {Table} */ table, id = '') => `claude-sse:${table}:${id}`;
  /** @param {Table} table @returns {any[]} */
  const all = (table) =>
    usable(
      table,
      Object.keys(storage)
        .filter((name) => name.startsWith(key(table)))
        .map(read),
      broken,
    );
  return {
    all,
    async *some(table) {
      yield all(table);
    },
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

/** Return the storage that `find` returns, or nothing. @param {() => Storage} find @returns {StorageLike} */
export function browserStorage(find = () => localStorage) {
  try {
    return find();
  } catch {
    return { setItem() {}, removeItem() {} }; // forbidden here: a reload forgets
  }
}
