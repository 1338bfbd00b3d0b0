// Where conversations are kept: one record per message, so that saving a growing answer writes only it.
// IndexedDB where the library and the browser allow it, else localStorage. What one tab writes, the others hear.

import { sound } from './records.js';

/** @import { Store } from '../types.js' */

/** Return the best store there is. @returns {Promise<Store>} */
export async function openStore() {
  try {
    // @ts-ignore: sets globalThis.idb
    await import('../vendor/idb.js');
    return indexedStore(
      await /** @type {any} */ (globalThis).idb.openDB('claude-sse', 1, {
        upgrade(db) {
          db.createObjectStore('conversations', { keyPath: 'id' });
          const messages = db.createObjectStore('messages', { keyPath: 'id' });
          messages.createIndex('place', ['conversation', 'n']);
          messages.createIndex('state', 'state');
        },
        // A newer page must not wait for this one's database.
        blocking: (_old, _new, event) => event.target.close(),
      }),
    );
  } catch {
    return localStore(shelf());
  }
}

/** A store that is still being opened, to be used at once. @param {Promise<Store>} store @returns {Store} */
export function soon(store) {
  let opened;
  store.then((one) => (opened = one));
  const call =
    (name) =>
    (...values) =>
      opened ? opened[name](...values) : store.then((one) => one[name](...values));
  return { all: call('all'), messages: call('messages'), open: call('open'), write: call('write') };
}

/** @returns {Store} */
function indexedStore(db) {
  const usable = async (table, records) =>
    (await records).flatMap((record) => sound(table, record));
  return {
    all: (table) => usable(table, db.getAll(table)),
    messages: (id) =>
      usable(
        'messages',
        db.getAllFromIndex('messages', 'place', IDBKeyRange.bound([id], [id, []])),
      ),
    open: () => usable('messages', db.getAllFromIndex('messages', 'state', 'streaming')),
    write(changes) {
      const all = db.transaction(['conversations', 'messages'], 'readwrite');
      const each = changes.map(({ table, record, id }) => {
        const records = all.objectStore(table);
        return record ? records.put(record) : records.delete(id);
      });
      return Promise.all([...each, all.done]);
    },
  };
}

/** @returns {Store} */
export function localStore(storage) {
  const key = (table, id = '') => `claude-sse:${table}:${id}`;
  /** @returns {any[]} */
  const all = (table) =>
    Object.keys(storage)
      .filter((name) => name.startsWith(key(table)))
      .flatMap((name) => sound(table, read(name)));
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

  /** A record that cannot be read is as good as none: it must not keep the page from starting. */
  function read(name) {
    try {
      return JSON.parse(storage.getItem(name) ?? '');
    } catch {
      return undefined;
    }
  }
}

function shelf() {
  try {
    return localStorage;
  } catch {
    return { setItem() {}, removeItem() {} }; // forbidden here: a reload forgets
  }
}

/** The same store, which tells the other tabs what is written. @param {Store} store @param {BroadcastChannel} channel @returns {Store} */
export function sharedStore(store, channel, onFailed) {
  return {
    ...store,
    async write(changes) {
      try {
        await store.write(changes); // called at once: a page that goes away has no later turn
      } catch (error) {
        onFailed(error);
      }
      channel.postMessage(changes); // not before: nobody takes up what was never stored
    },
  };
}
