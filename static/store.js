// Where conversations are kept: one record per message, so that saving a growing answer writes only it.
// IndexedDB where the library and the browser allow it, else localStorage. What one tab writes, the others hear.

/** @import { Change, Shelf, Store, Table, Kept } from './types.js' */

const PREFIX = 'claude-sse:';

/** Return the best store there is. @param {Shelf} storage @returns {Promise<Store>} */
export async function openStore(storage) {
  try {
    await import('./vendor/idb.js');
    const { openDB } = /** @type {{ idb: any }} */ (/** @type {unknown} */ (globalThis)).idb;
    return indexedStore(await openDB('claude-sse', 1, {
      upgrade(/** @type {any} */ db) {
        db.createObjectStore('conversations', { keyPath: 'id' });
        const messages = db.createObjectStore('messages', { keyPath: 'id' });
        messages.createIndex('place', ['conversation', 'n']);
        messages.createIndex('state', 'state');
      },
      // A newer page must not wait for this one's database.
      blocking: (/** @type {any} */ _old, /** @type {any} */ _new, /** @type {any} */ event) => event.target.close(),
    }));
  } catch {
    return localStore(storage);
  }
}

/** A store that is still being opened, to be used at once. @param {Promise<Store>} store @returns {Store} */
export function soon(store) {
  /** @type {Store | undefined} */
  let opened;
  store.then((one) => (opened = one));
  /** @param {keyof Store} name @returns {any} */
  const call = (name) => (/** @type {[any, any]} */ ...values) => opened ? opened[name](...values) : store.then((one) => one[name](...values));
  return { all: call('all'), messages: call('messages'), open: call('open'), put: call('put'), remove: call('remove') };
}

/** @param {any} db @returns {Store} */
function indexedStore(db) {
  return {
    all: (table) => db.getAll(table),
    messages: (id) => db.getAllFromIndex('messages', 'place', IDBKeyRange.bound([id], [id, []])),
    open: () => db.getAllFromIndex('messages', 'state', 'streaming'),
    put: (table, record) => db.put(table, record),
    remove: (table, id) => db.delete(table, id),
  };
}

/** Other tabs write there too, so the index is read anew each time. @param {Shelf} storage @returns {Store} */
export function localStore(storage) {
  return {
    all,
    messages: (id) => all('messages').filter(({ conversation }) => conversation === id).sort((a, b) => a.n - b.n),
    open: () => all('messages').filter(({ state }) => state === 'streaming'),
    put(table, record) {
      storage.setItem(key(table, record.id), JSON.stringify(record));
      if (!ids(table).includes(record.id)) setIds(table, [...ids(table), record.id]);
    },
    remove(table, id) {
      setIds(table, ids(table).filter((other) => other !== id));
      storage.removeItem(key(table, id));
    },
  };

  /** @param {Table} table @returns {any[]} */
  function all(table) {
    return ids(table).map((id) => read(key(table, id))).filter((record) => record !== null);
  }

  /** @param {Table} table @param {string} id */
  function key(table, id) {
    return `${PREFIX}${table.slice(0, -1)}:${id}`;
  }

  /** @param {Table} table @returns {string[]} */
  function ids(table) {
    const value = read(PREFIX + table);
    return Array.isArray(value) ? value : [];
  }

  /** @param {Table} table @param {string[]} value */
  function setIds(table, value) {
    if (value.length) storage.setItem(PREFIX + table, JSON.stringify(value));
    else storage.removeItem(PREFIX + table);
  }

  /** A record that cannot be read is as good as none: it must not keep the page from starting. @param {string} key */
  function read(key) {
    try {
      return JSON.parse(storage.getItem(key) ?? 'null');
    } catch {
      return null;
    }
  }
}

/** The same store, which tells the other tabs what is written. @param {Store} store @param {BroadcastChannel} channel @param {(error: unknown) => void} onFailed @returns {Store} */
export function sharedStore(store, channel, onFailed) {
  return {
    ...store,
    put: (table, record) => write(() => store.put(table, record), { table, record: /** @type {Kept} */ (record) }),
    remove: (table, id) => write(() => store.remove(table, id), { table, id }),
  };

  /** @param {() => unknown} act @param {Change} change */
  async function write(act, change) {
    channel.postMessage(change);
    try {
      await act(); // called at once: a page that goes away has no later turn
    } catch (error) {
      onFailed(error);
    }
  }
}
