// Parts of the page that are loaded when they are needed: their files concurrently, again after a failure.

/** @import { Parts } from '../types.js' */

const ROOT = new URL('../', import.meta.url);

/** The files of each part that the page does not have from the start. @type {Record<string, string[]>} */
let files = {};
/** @type {Map<string, Promise<any>>} */
const loading = new Map();

/** A part cannot be fetched now. A browser that remembers that (older Chromium does) fetches it after a reload only. */
export class PartMissing extends Error {
  name = 'PartMissing';
}

/** Take over which files each part has, by the name of its first; the server lists them in the page. @param {Record<string, string[]>} lists */
export function know(lists) {
  files = lists;
}

/**
 * Load the part that begins with this file of static/, once; reject with `PartMissing` where that fails for now.
 *
 * @template {keyof Parts} Name
 * @param {Name} name
 * @returns {Promise<Parts[Name]>}
 */
export function load(name) {
  let part = loading.get(name);
  if (!part) {
    part = loadAll(name);
    loading.set(name, part);
    part.catch(() => loading.delete(name));
  }
  return part;
}

/** @param {string} name */
async function loadAll(name) {
  try {
    // Each by its name: the first alone would have them fetched one level of imports after the other.
    const [first] = await Promise.all([name, ...(files[name] ?? [])].map(importFile));
    return first;
  } catch (error) {
    throw new PartMissing(`${name} cannot be loaded`, { cause: error });
  }
}

// eslint-disable-next-line no-unsanitized/method -- a name of types.js' Parts, or of the server's own list
const importFile = (/** @type {string} */ name) => import(new URL(name, ROOT).href);
