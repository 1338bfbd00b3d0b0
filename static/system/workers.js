// The page's Workers. `trusted-types claude-sse-workers` lets this one policy exist, and it makes script URLs for
// our own Workers only: every other way to run a text as a script stays closed.

const ROOT = new URL('../../../', import.meta.url).href;
/** Not among the files of a version: its folder is all that it may serve. */
const SERVICE_WORKER = `${ROOT}service-worker.js`;
const OURS = new Set(
  [
    'markdown/highlight-worker.js',
    'markdown/math-worker.js',
    'view/scale-worker.js',
    'model/imports/import-worker.js',
  ].map(hrefOf),
).add(SERVICE_WORKER);

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

/** Have the browser keep the page, to open it without the server; where it cannot, all is as without. */
export async function keepPage() {
  if (/** @type {any} */ (navigator).connection?.saveData) return;
  try {
    const href = policy?.createScriptURL(SERVICE_WORKER) ?? SERVICE_WORKER;
    const known = await navigator.serviceWorker.getRegistration(ROOT);
    if (known?.scope === ROOT)
      await known.update(); // by itself the browser may wait until nothing has used it for long
    else await navigator.serviceWorker.register(href, { updateViaCache: 'none' });
  } catch {
    // plain http, a private window, storage that is forbidden
  }
}

/** @param {string} path */
function hrefOf(path) {
  return new URL(`../${path}`, import.meta.url).href;
}
