// Character references. marked leaves the named ones as they are, for an HTML parser; this page has none.

/** Those that occur in prose; any other stays as it was written. */
const NAMED = new Map(
  (
    'amp & lt < gt > quot " apos \' nbsp \u00a0 copy © reg ® trade ™ hellip … mdash — ndash – lsquo ‘ rsquo ’ ' +
    'ldquo “ rdquo ” laquo « raquo » bull • middot · times × divide ÷ plusmn ± minus − deg ° ne ≠ le ≤ ge ≥ ' +
    'asymp ≈ infin ∞ larr ← rarr → uarr ↑ darr ↓ euro € pound £ yen ¥ sect §'
  )
    .split(/ (?=\w)/)
    .map((entry) => /** @type {[string, string]} */ (entry.split(' '))),
);

/** @param {string} text */
export function decodeEntities(text) {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, decode);
}

/** @param {string} whole @param {string} [decimal] @param {string} [hex] @param {string} [name] */
function decode(whole, decimal, hex, name) {
  if (name) return NAMED.get(name) ?? whole;
  const code = Number(decimal ?? `0x${hex}`);
  const valid = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return valid ? String.fromCodePoint(code) : '\ufffd';
}
