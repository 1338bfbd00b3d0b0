// References to files as they come from outside: from a stored record, a draft, or an imported file.

/** @import { FileRef } from '../types.js' */

/** The types of each kind. @type {Record<string, string[]>} */
const TYPES = {
  image: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
  pdf: ['application/pdf'],
  text: ['text/plain'],
};
const MOST = 600;
const COUNTS = ['width', 'height', 'pages', 'sent'];

/** Return those of these references that the page can use. @param {unknown} value @returns {FileRef[]} */
export function fileRefs(value) {
  return Array.isArray(value) ? value.slice(0, MOST).flatMap(fileRef) : [];
}

/** @param {any} value @returns {FileRef[]} */
function fileRef(value) {
  if (typeof value !== 'object' || value === null) return [];
  const { id, name, kind, type, size } = value;
  const isKnown =
    typeof kind === 'string' && Object.hasOwn(TYPES, kind) && TYPES[kind].includes(type);
  if (!isKnown || typeof id !== 'string' || !id || !isCount(size)) return [];
  const counts = COUNTS.filter((count) => isCount(value[count])).map((count) => [
    count,
    value[count],
  ]);
  return [{ id, name: nameOf(name), kind, type, size, ...Object.fromEntries(counts) }];
}

/** Return this name of a file as it can stand in a sentence: on one line, without turning what follows it around. @param {unknown} name */
export function nameOf(name) {
  const line = typeof name === 'string' ? name.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ') : '';
  return line.replace(/[\u202a-\u202e\u2066-\u2069]/g, '').trim() || 'file';
}

/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
