// How texts are compared in a search: without regard to case, accents and typographic signs; and back from there to
// the places in the text itself.

/** Accents, vowel points and what is invisible. The vowel signs of Indic scripts are letters, not accents. */
const DROPPED =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\u00ad\u200b-\u200f\u2060\ufeff]/g;
/** What has no decomposition, and is looked for by the letters on every keyboard. @type {Record<string, string>} */
const INSTEAD = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  ς: 'σ',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '„': '"',
  '‐': '-',
  '–': '-',
  '—': '-',
};
// eslint-disable-next-line security/detect-non-literal-regexp -- of constants
const REPLACED = new RegExp(`[${Object.keys(INSTEAD).join('')}]`, 'g');
const PLAIN = /^[\0-\x7f]*$/;
const LETTER = /[\p{L}\p{N}]/u;

/** Return the text as it is compared. @param {string} text */
export function fold(text) {
  if (PLAIN.test(text)) return text.toLowerCase().replace(/\s/g, ' ');
  return text
    .normalize('NFKD')
    .replace(DROPPED, '')
    .toLowerCase()
    .normalize('NFKD')
    .replace(DROPPED, '')
    .replace(REPLACED, (sign) => INSTEAD[sign])
    .replace(/\s/g, ' ');
}

/** Return what must all be found: the words, and what stands in quotation marks as a whole. @param {string} query */
export function termsOf(query) {
  const found = fold(query).matchAll(/"([^"]+)"|[^\s"]+/g);
  const terms = Array.from(found, ([word, quoted = word]) => quoted.trim());
  return [...new Set(terms)].filter(Boolean);
}

/**
 * Return where these terms stand in a folded text, in order; those that overlap are one place.
 *
 * @param {string} folded
 * @param {string[]} terms
 * @returns {[from: number, to: number][]}
 */
export function placesIn(folded, terms, most = Infinity) {
  /** @type {[number, number][]} */
  const found = [];
  for (const term of terms) {
    let count = 0;
    for (let at = folded.indexOf(term); at >= 0 && count < most; count += 1) {
      found.push([at, at + term.length]);
      at = folded.indexOf(term, at + term.length);
    }
  }
  return joined(found.sort(([a], [b]) => a - b));
}

/** @param {[number, number][]} places @returns {[number, number][]} */
function joined(places) {
  /** @type {[number, number][]} */
  const found = [];
  for (const [from, to] of places) {
    const last = found.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

/**
 * Return where these terms stand in the text itself, with the accents that belong to what was found.
 *
 * @param {string} text
 * @param {string[]} terms
 * @returns {[from: number, to: number][]}
 */
export function placesOf(text, terms, most = Infinity) {
  const found = placesIn(fold(text), terms, most);
  if (!found.length || PLAIN.test(text)) return found;
  const origins = originsOf(text);
  return found.map(([from, to]) => [origins[from], endOf(text, origins, to)]);
}

/** @param {string} text @param {number[]} origins @param {number} to */
function endOf(text, origins, to) {
  let end = origins[to] ?? text.length;
  if (to && origins[to] === origins[to - 1]) end = origins.find((at) => at > end) ?? text.length; // a part of one sign
  return end;
}

/** Return where each sign of the folded text comes from. @param {string} text */
function originsOf(text) {
  /** @type {number[]} */
  const origins = [];
  let at = 0;
  for (const sign of text) {
    for (let left = fold(sign).length; left > 0; left -= 1) origins.push(at);
    at += sign.length;
  }
  return origins;
}

/**
 * Return the words around the first of these terms, and where the terms stand in them.
 *
 * @param {string} text
 * @param {string[]} terms
 */
export function snippetOf(text, terms, { before = 24, after = 96 } = {}) {
  const near = placesIn(fold(text), terms, 1)[0]?.[0] ?? 0;
  // Only what is near is looked at sign by sign: a text may be long.
  const start = Math.max(0, Math.min(near - 200, text.length - 1));
  const some = text.slice(start, near + 2000);
  const at = start + (placesOf(some, terms, 1)[0]?.[0] ?? 0);
  const [from, to] = [wordBefore(text, at - before, at), wordAfter(text, at + after)];
  const words = text.slice(from, to).replace(/\s+/g, ' ').trim();
  return `${from > 0 ? '…' : ''}${words}${to < text.length ? '…' : ''}`;
}

/** Return the first beginning of a word from here on. @param {string} text @param {number} from @param {number} at */
function wordBefore(text, from, at) {
  if (from <= 0) return 0;
  let place = from;
  while (place < at && LETTER.test(text[place - 1])) place += 1;
  return place < at ? place : from;
}

/** @param {string} text @param {number} to */
function wordAfter(text, to) {
  if (to >= text.length) return text.length;
  let place = to;
  while (place > to - 24 && LETTER.test(text[place])) place -= 1;
  return place > to - 24 ? place : to;
}
