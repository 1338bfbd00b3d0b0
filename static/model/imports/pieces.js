// What the readers of foreign exports share: values of any type become texts, moments and ids.

/** Beyond the year 2200 a moment is a mistake. */
const LAST_MS = 7_258_118_400_000;

/** @param {unknown} value @returns {value is Record<string, any>} */
export const isObject = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @param {unknown} value */
export const textOf = (value) => (typeof value === 'string' ? value : '');

/** @param {unknown} value @returns {any[]} */
export const listOf = (value) => (Array.isArray(value) ? value : []);

/** Return ms for seconds or an ISO date, 0 for anything else. @param {unknown} value */
export function momentOf(value) {
  const ms = typeof value === 'number' ? value * 1000 : Date.parse(textOf(value));
  return ms > 0 && ms < LAST_MS ? Math.round(ms) : 0;
}

/** Return the parts that say something, each a paragraph of its own. @param {string[]} parts */
export const paragraphs = (...parts) => parts.filter((part) => part.trim()).join('\n\n');

/** Return code in Markdown, whatever is in it. @param {string} code @param {unknown} [language] */
export function fenced(code, language = '') {
  const longest = (code.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(longest + 1);
  const word = /^[\w+#.-]{1,30}$/.exec(textOf(language))?.[0] ?? '';
  return `${fence}${word}\n${code.replace(/\n$/, '')}\n${fence}`;
}

/** Return any value as its source. @param {unknown} value */
export function sourceOf(value) {
  try {
    return fenced(JSON.stringify(value, null, 2) ?? '', 'json');
  } catch {
    return fenced('…'); // nested more deeply than it can be written
  }
}

/**
 * Return the id that these words always have, in the form of a UUID: what is imported twice is there once. It is no
 * secret, and no proof of anything.
 *
 * @param {string[]} words
 */
export function stableId(...words) {
  const text = JSON.stringify(words);
  const hash = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef];
  const primes = [597399067, 2869860233, 951274213, 2716044179];
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    for (let n = 0; n < 4; n += 1)
      hash[n] = Math.imul(hash[n] ^ (code + hash[(n + 1) % 4]), primes[n]);
  }
  for (let n = 0; n < 12; n += 1) {
    const k = n % 4;
    const mixed = Math.imul(hash[k] ^ (hash[k] >>> 15), primes[(k + 1) % 4]);
    hash[(k + 1) % 4] ^= mixed ^ (mixed >>> 13);
  }
  const hex = hash.map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('');
  return hex.replace(
    /^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/,
    (_, a, b, c, d, e) => `${a}-${b}-8${c}-8${d}-${e}`,
  );
}
