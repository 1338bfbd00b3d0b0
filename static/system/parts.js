// Parts of the page that are loaded when they are needed. The files of a part are fetched concurrently, and imported
// when all of them are there: a browser may keep a failed `import()` until the page is left, but not a failed `fetch()`.

/** @import { Parts } from '../types.js' */

/** What has not come by then is not going to. */
const TIMEOUT_MS = 30_000;
const ROOT = new URL('../', import.meta.url);

/** The files of each part that the page does not have from the start. @type {Record<string, string[]>} */
let files = {};
/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/** Take over which files each part has, by the name of its first; the server lists them in the page. @param {Record<string, string[]>} lists */
export function know(lists) {
  files = lists;
}

/**
 * Load the part that begins with this file of static/, once; after a failure it can be loaded again.
 *
 * @template {keyof Parts} Name
 * @param {Name} name
 * @returns {Promise<Parts[Name]>}
 */
export function load(name) {
  let part = loading.get(name);
  if (!part) {
    part = loadAll(name, files[name] ?? []);
    loading.set(name, part);
    part.catch(() => loading.delete(name));
  }
  return part;
}

/** @param {string} name @param {string[]} others */
async function loadAll(name, others) {
  await Promise.all(others.map(fetchFile));
  // All of them by name: from the cache, too, they would come one level of imports after the other.
  const [first] = await Promise.all([name, ...others].map(importFile));
  return first;
}

/** Have the browser's cache keep this file, which the server lets it keep forever. @param {string} name */
async function fetchFile(name) {
  const response = await fetch(new URL(name, ROOT), { signal: AbortSignal.timeout(TIMEOUT_MS) });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${name} cannot be loaded (${response.status})`);
}

// eslint-disable-next-line no-unsanitized/method -- a name of types.js' Parts, or of the server's own list
const importFile = (/** @type {string} */ name) => import(new URL(name, ROOT).href);
