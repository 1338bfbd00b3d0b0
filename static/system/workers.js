// The page's Workers. `trusted-types claude-sse-workers` lets this one policy exist, and it makes script URLs for
// our own Workers only: every other way to run a text as a script stays closed.

const OURS = new Set(
  [
    'markdown/highlight-worker.js',
    'markdown/math-worker.js',
    'view/scale-worker.js',
    'model/imports/import-worker.js',
  ].map(hrefOf),
);

const { trustedTypes } = /** @type {any} */ (globalThis);
const policy = trustedTypes?.createPolicy('claude-sse-workers', {
  createScriptURL(/** @type {string} */ url) {
    if (OURS.has(url)) return url;
    throw new TypeError(`${url} is not a Worker of this page.`);
  },
});

/** Start one of our Workers, by the path of its file. @param {string} path */
export function startWorker(path) {
  const href = hrefOf(path);
  return new Worker(policy?.createScriptURL(href) ?? href, { type: 'module' });
}

/** @param {string} path */
function hrefOf(path) {
  return new URL(`../${path}`, import.meta.url).href;
}
