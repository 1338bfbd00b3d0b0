// The end of a text that is still arriving, as far as its meaning is certain: an opened emphasis, bracket, code or tag
// is hidden until it is closed, unless that takes too long.

import { trimmedEnd } from './characters.js';
import { parseInline } from './inline.js';

/** @import { Links, Token } from '../../types.js' */

/** What stays open for longer is shown as it was written. */
const LONGEST = 300;
/** What the next character may change: marks, a reference, the beginning of an address, and what may end one. */
const ENDINGS = [
  /[*_~`]+$/,
  /\\$/,
  /!$/,
  /&#?\w{0,31}$/,
  // eslint-disable-next-line security/detect-unsafe-regex -- of 300 characters at most
  /<\/?(?:[a-z][a-z0-9]{0,9}[ \t]*\/?)?$/i,
  /<(?:[a-z][a-z0-9+.-]{1,31}:[^\s<>]{0,200}|[\w.+-]{1,64}@[\w.-]{0,100})$/i,
  /(?<![a-z0-9])(?:h|ht|htt|https?|https?:\/{0,2}|w{1,3}|www\.)$/i,
  /(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{0,100}$/,
];
const AFTER_ADDRESS = /(?:https?:\/\/|www\.)[^\s<]*?([!"'),*.:;?\]_~&]+)$/i;

/** @param {string} text @param {Links} links @returns {{ tokens: Token[], held: boolean }} */
export function withoutUndecided(text, links) {
  const certain = text.slice(0, endOfCertain(text));
  const { tokens, parser } = parseInline(certain, links, { isOpen: true });
  const isHeld = parser.heldAt >= text.length - LONGEST && parser.heldAt < certain.length;
  const shown = isHeld ? certain.slice(0, parser.heldAt) : certain;
  return {
    tokens: isHeld ? parseInline(trimmedEnd(shown), links).tokens : tokens,
    held: shown.length < text.length,
  };
}

/** @param {string} text */
function endOfCertain(text) {
  const near = text.slice(-LONGEST);
  let end = near.length;
  for (let before = -1; before !== end;) {
    before = end;
    const part = near.slice(0, end);
    for (const ending of ENDINGS) {
      const at = part.search(ending);
      if (at >= 0) end = Math.min(end, at);
    }
    const [, after] = AFTER_ADDRESS.exec(part) ?? [];
    if (after) end = Math.min(end, part.length - after.length);
  }
  return text.length - near.length + end;
}
