// Prism: code becomes tokens, tokens become coloured parts. It runs in a Worker (highlight-worker.js), for it
// takes quadratic time on some code: 8 s for one word of 48,000 characters.

import { COLOUR_NAMES, LANGUAGES } from './languages.js';

/** Our colours by Prism's names; others take the colour around them, an interpolation takes none. */
const COLOURS = new Map(
  [
    'comment prolog doctype cdata shebang',
    'keyword atrule important rule boolean',
    'string char regex attr-value url template-string inserted',
    'number constant symbol unit',
    'name function class-name builtin namespace tag selector key',
    'property attr-name variable parameter',
    'deleted',
  ].flatMap((names) =>
    names.split(' ').map((name, _, [colour]) => /** @type {const} */ ([name, colour])),
  ),
).set('interpolation', '');
const loaded = new Map();

/** Load a language after those it builds upon, once. @param {string} language @returns {Promise<void>} */
export function load(language) {
  if (!loaded.has(language)) loaded.set(language, fetchPrism(language));
  return loaded.get(language);
}

/** @param {string} language */
async function fetchPrism(language) {
  // Otherwise Prism would answer the messages that a Worker receives, or highlight the page by itself.
  if (language === 'core')
    Object.assign(globalThis, { Prism: { manual: true, disableWorkerMessageHandler: true } });
  else await load('core');
  for (const base of LANGUAGES.get(language) ?? []) await load(base);
  // eslint-disable-next-line no-unsanitized/method -- a name in LANGUAGES, or core
  await import(`../vendor/prism/prism-${language}.min.js`);
}

/** The coloured parts of this text in order, three numbers each: colour, start, end. The language is loaded. @param {string} text @param {string} language */
export function partsOf(text, language) {
  /** @type {number[]} */
  const parts = [];
  let at = 0;
  const walk = (/** @type {any} */ token, /** @type {string | undefined} */ colour) => {
    if (Array.isArray(token)) for (const part of token) walk(part, colour);
    else if (typeof token === 'string') {
      if (colour && token) parts.push(COLOUR_NAMES.indexOf(colour), at, at + token.length);
      at += token.length;
    } else {
      const name = [token.alias ?? [], token.type].flat().find((name) => COLOURS.has(name));
      walk(token.content, name ? COLOURS.get(name) : colour);
    }
  };
  const { Prism } = /** @type {any} */ (globalThis);
  walk(Prism.tokenize(text, Prism.languages[language]), '');
  return Int32Array.from(parts);
}
