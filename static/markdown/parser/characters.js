// Which characters stand around a mark: white space, punctuation, letters, and those of Chinese, Japanese and Korean,
// which put no spaces around words.

const CJK_SCRIPTS =
  // eslint-disable-next-line security/detect-unsafe-regex -- one character
  /^[\u1100-\u11ff\u231a\u2329\u232a\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uffbe\uffc2-\uffdc\uffe0-\uffe6\uffe8-\uffee\u20a9\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f202}\u{1f210}-\u{1f23b}\u{1f240}-\u{1f248}\u{20000}-\u{3fffd}]/u;
const EMOJI = /^\p{Emoji_Presentation}/u;
const HANGUL = /^\p{sc=Hangul}/u;
/** At such a character a bare address ends: it is part of the sentence around it. */
export const CJK_END =
  /[\u2018-\u201f\u2026\u3000-\u3003\u3008-\u3011\u3014-\u301f\u30fb\uff01\uff08\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\uff3b\uff3d\uff5b\uff5d\uff5e-\uff65]/;

export const isSpace = (/** @type {string} */ character) => !character || /^\s/.test(character);
/** Ends lines, and stands around what they say; wider spaces and those that do not break are said. @param {string} character */
const isBlank = (character) => character === ' ' || character === '\t' || character === '\n';

/** The text without blanks at its end. @param {string} text */
export function trimmedEnd(text) {
  let end = text.length;
  while (isBlank(text[end - 1])) end--;
  return text.slice(0, end);
}

/** The text without blanks around it. @param {string} text */
export function trimmed(text) {
  let start = 0;
  while (isBlank(text[start])) start++;
  return trimmedEnd(text.slice(start));
}

export const isPunctuation = (/** @type {string} */ character) => /^[\p{P}\p{S}]/u.test(character);
/** @param {string} character */
const isCjk = (character) =>
  character >= '\u1100' &&
  ((CJK_SCRIPTS.test(character) && !EMOJI.test(character)) || HANGUL.test(character));
const isVariation = (/** @type {string} */ character) => /^[\ufe00-\ufe0e]/.test(character);
const isIdeographicVariation = (/** @type {string} */ character) =>
  // eslint-disable-next-line security/detect-unsafe-regex -- one character
  /^[\u{e0100}-\u{e01ef}]/u.test(character);

/**
 * What stands before and after a run of marks decides what it can do.
 * @param {string} text @param {number} start @param {number} end
 */
export function flanks(text, start, end) {
  const [before, selected] = characterBefore(text, start);
  const after = String.fromCodePoint(text.codePointAt(end) ?? 0x20);
  const isCjkBefore = isCjk(before) || isIdeographicVariation(before) || selected;
  const isCjkAfter = isCjk(after);
  const [spaceBefore, spaceAfter] = [isSpace(before), isSpace(after)];
  const [markBefore, markAfter] = [isPunctuation(before), isPunctuation(after)];
  const plainBefore = markBefore && !isCjkBefore; // punctuation of other scripts
  const plainAfter = markAfter && !isCjkAfter;
  return {
    canOpen:
      !(spaceAfter || plainAfter) ||
      (plainAfter && (spaceBefore || plainBefore || isCjkBefore)) ||
      after === '~',
    canClose:
      !(spaceBefore || plainBefore) ||
      (plainBefore && (spaceAfter || plainAfter || isCjkAfter)) ||
      before === '~',
    spaceOrMarkBefore: spaceBefore || markBefore,
    spaceOrMarkAfter: spaceAfter || markAfter,
  };
}

/** The character before; a variation selector counts as what it selects. @param {string} text @param {number} at @returns {[string, boolean]} */
function characterBefore(text, at) {
  const last = lastCharacter(text, at);
  if (!isVariation(last)) return [last, false];
  const selected = lastCharacter(text, at - 1);
  if (!selected || isSpace(selected)) return [last, false];
  return [selected, last === '\ufe01' && /^[\u2018\u2019\u201c\u201d]/.test(selected)];
}

/** @param {string} text @param {number} at */
function lastCharacter(text, at) {
  const low = text[at - 1] ?? '';
  const isLow = low >= '\udc00' && low <= '\udfff';
  return isLow ? text.slice(at - 2, at) : low;
}
