// The interface's texts, by their keys, in the language that the page was served in. `view/dom.js` hands them over
// before any module of the view runs; a text is asked for when it is shown, not when a module is loaded.

/** A text, or one for each plural category of the language. @typedef {string | Record<string, string>} Text */

/** @type {Record<string, Text>} */
let texts = {};
/** How the reader's region writes the page's language, for Intl: `en-GB` of a British browser. */
export let locale = 'en';
let plurals = new Intl.PluralRules(locale);
let numbers = new Intl.NumberFormat(locale);
/** A wait shown by the time of its end; a button counts down a shorter one. */
const LONG_SECONDS = 120;
/** As many names a sentence bears. */
const MOST_NAMES = 5;

/**
 * Speak this language from now on; write numbers, dates and money as the first of `regions` that speaks it does.
 *
 * @param {Record<string, Text>} catalogue
 * @param {string} tag
 * @param {readonly string[]} [regions]
 */
export function learn(catalogue, tag, regions = []) {
  texts = catalogue;
  locale = regions.find((region) => region === tag || region.startsWith(`${tag}-`)) ?? tag;
  [plurals, numbers] = [new Intl.PluralRules(tag), new Intl.NumberFormat(locale)];
}

/** Return whether there is a text of this key. @param {string} key */
export const knows = (key) => Object.hasOwn(texts, key);

/**
 * Return the text of this key, with the values at its `{places}`; the value `count` chooses the plural form. A key
 * without a text is its own text.
 *
 * @param {string} key
 * @param {Record<string, string | number>} [values] numbers are written as the language writes them
 */
export function say(key, values = {}) {
  const text = knows(key) ? texts[key] : key;
  return formOf(text, values.count).replace(/\{(\w+)\}/g, (place, name) =>
    shown(Object.hasOwn(values, name) ? values[name] : place),
  );
}

/**
 * Return the server's sentence in the page's language: by its code, where that has a text. In English, and where the
 * sentence has particulars that the code does not tell, that is the sentence itself.
 *
 * @param {string} sentence
 * @param {string} [code]
 * @param {number} [retryAfter] in seconds
 */
export function sentenceOf(sentence, code, retryAfter = 0) {
  const key = `error.${code}`;
  if (!knows(key)) return sentence;
  if (retryAfter < LONG_SECONDS) return say(key);
  const style = /** @type {const} */ ({ weekday: 'short', hour: 'numeric', minute: '2-digit' });
  const at = new Intl.DateTimeFormat(locale, style).format(Date.now() + retryAfter * 1000);
  return `${say(key)} ${say('network.again-at', { time: at })}`;
}

/** Return the first of these names, of `count` that there are, as a sentence has them. @param {string[]} names @param {number} [count] */
export function someOf(names, count = names.length) {
  const shown = names.slice(0, MOST_NAMES);
  return shown.join(', ') + (count > shown.length ? ', …' : '');
}

/** Return a number as the language writes it. @param {number} value @param {Intl.NumberFormatOptions} [options] */
export const number = (value, options) =>
  (options ? new Intl.NumberFormat(locale, options) : numbers).format(value);

/** @param {Text} text @param {string | number | undefined} count */
function formOf(text, count) {
  return typeof text === 'string' ? text : (text[plurals.select(Number(count))] ?? text.other);
}

/** @param {string | number} value */
function shown(value) {
  return typeof value === 'number' ? numbers.format(value) : String(value);
}
