// Emphasis and deletions: which runs of `*`, `_` and `~~` open and close what. Linear, since openers that were looked
// for in vain are not looked for again.

/** @import { Part, Token } from '../../types.js' */

/** Deeper emphasis stays as it was written. */
const DEEPEST = 50;

/**
 * The parts as tokens. Emphasis and deletions do not cross: of the two, that which comes first in the text is found
 * first.
 * @param {Part[]} parts @param {boolean} deletionsFirst @returns {Token[]}
 */
export function paired(parts, deletionsFirst) {
  const [first, second] = deletionsFirst ? ['~', '*_'] : ['*_', '~'];
  return withinEach(pairsOf(parts, first), (kids) => pairsOf(kids, second));
}

/** @param {Part[]} parts @param {(parts: Part[]) => Part[]} pair @returns {Part[]} */
function withinEach(parts, pair) {
  for (const part of parts) if (part.isPair) part.tokens = withinEach(part.tokens, pair);
  return pair(parts);
}

/** @param {Part[]} parts @param {string} marks @returns {Part[]} */
function pairsOf(parts, marks) {
  if (!parts.some(({ type, mark }) => type === 'delimiter' && marks.includes(mark))) return parts;
  /** What is open: positions in `found`. @type {number[]} */
  const openers = [];
  /** Below this depth of `openers` there is none for this kind of closer. @type {Map<string, number>} */
  const bottoms = new Map();
  /** @type {Part[]} */
  const found = [];
  for (const part of parts) {
    if (part.type !== 'delimiter' || !marks.includes(part.mark)) {
      found.push(part);
      continue;
    }
    if (part.canClose) close(part);
    if (!part.length) continue;
    if (part.canOpen) openers.push(found.length);
    found.push(part);
  }
  return found;

  /** @param {Part} closer */
  function close(closer) {
    while (closer.length) {
      const kind = `${closer.mark}${closer.canOpen}${closer.whole % 3}`;
      const bottom = bottoms.get(kind) ?? 0;
      let i = openers.length - 1;
      while (i >= bottom && !match(found[openers[i]], closer)) i--;
      if (i < bottom) return void bottoms.set(kind, openers.length);
      const opener = found[openers[i]];
      const use = closer.mark === '~' || (opener.length > 1 && closer.length > 1) ? 2 : 1;
      const tokens = found.splice(openers[i] + 1);
      const type = closer.mark === '~' ? 'del' : use === 2 ? 'strong' : 'em';
      const depth = 1 + Math.max(0, ...tokens.map(({ depth = 0 }) => depth));
      if (depth > DEEPEST) {
        // Both become text.
        found.push(...tokens);
        found[openers[i]] = { ...opener, canOpen: false };
        openers.length = i;
        return;
      }
      opener.length -= use;
      closer.length -= use;
      closer.at += use;
      openers.length = opener.length ? i + 1 : i;
      if (!opener.length) found.pop();
      for (const [key, bottom] of bottoms) bottoms.set(key, Math.min(bottom, openers.length));
      found.push({ type, tokens, isPair: true, depth });
    }
  }
}

/** @param {Part} opener @param {Part} closer */
function match(opener, closer) {
  if (opener.mark !== closer.mark) return false;
  if (closer.mark === '~') return true;
  const both = opener.canClose || closer.canOpen;
  return !(both && closer.length % 3 && !((opener.length + closer.length) % 3));
}
