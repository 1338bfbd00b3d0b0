// The page's Workers. `trusted-types claude-sse-workers` lets this one policy exist, and it makes script URLs for
// our own Workers only: every other way to run a text as a script stays closed.

const OURS = new Set(
  ['./highlight-worker.js', './math-worker.js'].map((name) => new URL(name, import.meta.url).href),
);

const { trustedTypes } = /** @type {any} */ (globalThis);
const policy = trustedTypes?.createPolicy('claude-sse-workers', {
  createScriptURL(/** @type {string} */ url) {
    if (OURS.has(url)) return url;
    throw new TypeError(`${url} is not a Worker of this page.`);
  },
});

/** Start one of our Workers, by the name of its file. @param {string} name */
export function startWorker(name) {
  const { href } = new URL(name, import.meta.url);
  return new Worker(policy?.createScriptURL(href) ?? href, { type: 'module' });
}
