// A store that tells the other tabs what it writes.

/** @import { Channel, Store } from '../types.js' */

export { localStore } from './local-store.js';

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
