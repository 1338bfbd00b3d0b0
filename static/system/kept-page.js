// The page that the browser keeps (service-worker.js): a reader who signs out leaves none to the next one.

import { atMost } from './time.js';

const PAGE = new URL('../../../', import.meta.url).href;

/** Remove the page; its files stay, which everybody may have. */
export async function forgetPage() {
  try {
    await atMost(removeFromAll());
  } catch {
    // where nothing can be removed, nothing can be found
  }
}

async function removeFromAll() {
  for (const name of await caches.keys())
    if (name.startsWith(`claude-sse ${PAGE} `)) await (await caches.open(name)).delete(PAGE);
}
