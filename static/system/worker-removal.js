// Served as the worker's script where the browser must not keep the page (OFFLINE_PAGE=off): it removes what was kept,
// and then the worker itself. Open tabs go on without one.

(() => {
  const worker = /** @type {any} */ (globalThis);
  const { caches, registration } = worker;

  worker.addEventListener('install', () => worker.skipWaiting());
  worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(remove()));

  async function remove() {
    try {
      for (const name of await caches.keys())
        if (name.startsWith(`claude-sse ${registration.scope} `)) await caches.delete(name);
    } finally {
      await registration.unregister();
    }
  }
})();
