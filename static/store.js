// Where the conversation is kept: one record per message, so that saving a growing answer writes only it.

/** @import { Message, Shelf, Store } from './types.js' */

const INDEX = 'claude-sse:messages';
const RECORD = 'claude-sse:message:';

/** Return a store in localStorage. Other tabs write there too, so the index is read anew each time. @param {Shelf} storage @returns {Store} */
export function localStore(storage) {
  return {
    load: () => ids().map(record).filter((message) => message !== null),
    put(message) {
      storage.setItem(RECORD + message.id, JSON.stringify(message));
      if (!ids().includes(message.id)) setIds([...ids(), message.id]);
    },
    remove(id) {
      setIds(ids().filter((other) => other !== id));
      storage.removeItem(RECORD + id);
    },
    clear() {
      for (const id of ids()) storage.removeItem(RECORD + id);
      storage.removeItem(INDEX);
    },
  };

  /** @returns {string[]} */
  function ids() {
    const value = read(INDEX);
    return Array.isArray(value) ? value : [];
  }

  /** @param {string[]} value */
  function setIds(value) {
    storage.setItem(INDEX, JSON.stringify(value));
  }

  /** @param {string} id @returns {Message | null} */
  function record(id) {
    return read(RECORD + id);
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
