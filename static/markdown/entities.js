// Character references. The few names that occur in prose are known here; HTML has 2,125, and the table of them is loaded
// when the first of the others appears. The browser has that table, too, but only its parser of HTML strings would tell.

const KNOWN = new Map(
  (
    'amp & lt < gt > quot " apos \' nbsp \u00a0 copy © reg ® trade ™ hellip … mdash — ndash – lsquo ‘ rsquo ’ ' +
    'ldquo “ rdquo ” laquo « raquo » bull • middot · times × divide ÷ plusmn ± minus − deg ° ne ≠ le ≤ ge ≥ ' +
    'asymp ≈ infin ∞ larr ← rarr → uarr ↑ darr ↓ euro € pound £ yen ¥ sect §'
  )
    .split(/ (?=\w)/)
    .map((entry) => /** @type {[string, string]} */ (entry.split(' '))),
);

/** @type {Promise<void> | undefined} */
let loading;
let isComplete = false;

/** The text with its references as characters; an unknown name stays as it was written. @param {string} text */
export function decodeEntities(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, decode);
}

/** Whether a text has a name that only the table can know. @param {string} text */
export const mentionsUnknown = (text) =>
  !isComplete && Array.from(text.matchAll(/&([a-z]\w*);/gi)).some(([, name]) => !KNOWN.has(name));

/** While the table is loading: resolves when it is there, or cannot be loaded. */
export const entitiesLoading = () => (isComplete ? undefined : loading);

/** Load the table of all names. @returns {Promise<void>} */
export function loadEntities() {
  loading ??= import('../vendor/character-entities.js').then(
    ({ characterEntities }) => {
      for (const name of Object.keys(characterEntities)) KNOWN.set(name, characterEntities[name]);
      isComplete = true;
    },
    () => {}, // then names stay as they were written
  );
  return loading;
}

/** @param {string} whole @param {string} [decimal] @param {string} [hex] @param {string} [name] */
function decode(whole, decimal, hex, name) {
  if (name) return KNOWN.get(name) ?? unknown(whole);
  const code = Number(decimal ?? `0x${hex}`);
  return isCharacter(code) ? String.fromCodePoint(code) : '\ufffd';
}

/** @param {string} whole */
function unknown(whole) {
  if (!isComplete) void loadEntities();
  return whole;
}

/** No control character, half a character or noncharacter. @param {number} code */
function isCharacter(code) {
  const isControl =
    code < 9 || code === 11 || (code > 13 && code < 32) || (code > 126 && code < 160);
  const isHalf = code >= 0xd800 && code <= 0xdfff;
  const isNone = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
  return !isControl && !isHalf && !isNone && code <= 0x10ffff;
}
