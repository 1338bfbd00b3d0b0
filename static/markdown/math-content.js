// Whether what stands between two delimiters is mathematics, or else prose, money, or a variable of a shell or a template.
// In doubt it is none: a formula that is shown as its source can be read, money in italics cannot.

/** What marks mathematics, and no prose. */
const MATHEMATICAL = /\\[a-zA-Z ,;!]|[\^=<>{}|+*/()_]|\d/;
/** What nothing but TeX writes. */
const TEX = /\\[a-zA-Z]{2,}|[\^_]\{|[A-Za-z\d)\]}]\^[A-Za-z\d]/;
const PUNCTUATION = /^[\s"'`,;.:]*$/;
/** Between two amounts or two formulas it is the sentence. */
const EAST_ASIAN = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}、。，；：]/u;
/** Words in a formula, and what stands below and above. */
const WORDED = /\\(?:text|math|operatorname|mbox|hbox)[a-z]*\*?\s*\{[^}]*\}?|[\^_]\{[^{}]*\}/g;
const COMMAND = /\\[a-zA-Z]+/g;
const SENTENCE = /(?:^|\s)\p{L}+\s+\p{L}{2,}\s+\p{L}{2,}(?![\p{L}(])/u;
/** In a formula the space between them is not seen. */
const TWO_WORDS = /(?<![\\\p{L}])\p{L}{3,}\s+\p{L}{3,}(?![\p{L}(])/u;
const NUMBER = /^\s*[-+~≈<>]?\s*\.?\d/;
const CODE = /"|(?<!\\)#|:\/\/|<\/[a-z]/i;
/** One of the other delimiters, but not the end of a row with its distance to the next. */
const DELIMITER = /(?<!\\)\\[()[\]]/;
/** A variable in braces, names that are joined, and what only TeX may end with. */
const VARIABLE = /^\{[A-Za-z]{2,}\w*\}|(?<![\\A-Za-z])[A-Za-z]{2,}_[A-Za-z]{2,}|[^][/:@&]$/;

/** Whether TeX is all that it can be. @param {string} content */
const isTex = (content) => TEX.test(content);

/** Whether it is neither blank, nor a word, nor a sentence. @param {string} content */
const isSigned = (content) =>
  !PUNCTUATION.test(content) &&
  (MATHEMATICAL.test(content) || !/\p{L}{2,}/u.test(content)) &&
  (isTex(content) || !SENTENCE.test(content));

/** What two `$` enclose; a single one in it is that of money. @param {string} content */
export const isDisplayed = (content) =>
  isSigned(content) && (isTex(content) || !/(?<!\\)\$/.test(content));

/** Whether it is neither blank nor a few plain words. @param {string} content */
const isMathematical = (content) =>
  isSigned(content) || (!PUNCTUATION.test(content) && !/\S\s+\S/.test(content));

/** Whether a line stands in no display: the text after one that never ended, or was not one. @param {string} line @param {boolean} isAfterBlank */
export function isForeign(line, isAfterBlank) {
  const bare = withoutWorded(line);
  if (/^(?:`{3}|~{3})|(?<![\\$])\$(?![$\d])/.test(bare)) return true;
  if (isSentence(bare)) return true;
  return isAfterBlank && /^#{1,6}\s|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]{4}/u.test(bare);
}

/** Whether it has words, and no sign of TeX. @param {string} text */
const isSentence = (text) => SENTENCE.test(text) && !/[=^_\\&{}+]/.test(text);

/** Whether an environment encloses more than a sentence about it. @param {string} content */
export const isInEnvironment = (content) => !isSentence(withoutWorded(content));

/** Whether `\(` and `\)` enclose a formula: what has brackets that were escaped, or is a word between the two, is none. @param {string} content */
export const isEnclosed = (content) =>
  isMathematical(content) && !/(?<!\\)\\[[\]]/.test(content) && !isWord(content);

/** `\( and \)`: the delimiters are spoken of. @param {string} content */
const isWord = (content) => /^\s\p{Ll}{3,}\s$/u.test(content);

/** `\[1\]`, `\[WARNING\]` and `\[ \]` are brackets that were escaped. @param {string} content */
export function isBracketed(content) {
  if (!content.trim()) return false;
  if (/\\[a-zA-Z]|[\^=<>+{}]|_\{/.test(content)) return true;
  return /^\s[^]*\s$/.test(content) && !/[a-z]{4}/i.test(content) && !isWord(content);
}

/** Whether `$` encloses mathematics; `isLoose`: in a way that is right for TeX only. @param {string} content @param {boolean} isLoose */
export function isInDollars(content, isLoose) {
  if (CODE.test(content) || DELIMITER.test(content) || isAmount(content)) return false;
  const isNoTex = [VARIABLE, EAST_ASIAN, TWO_WORDS].some((sign) => sign.test(content));
  if (isNoTex && !isTex(content)) return false;
  if ((content.match(/\|/g)?.length ?? 0) % 2 && content.startsWith('|')) return false;
  if (!isLoose) return isMathematical(content);
  return isOfLetters(content) || (isTex(content) && !hasProse(content));
}

/** ` t ` and ` x = y `, with a space at both ends. @param {string} content */
const isOfLetters = (content) =>
  /^ \S/.test(content) &&
  /\S $/.test(content) &&
  /[A-Za-z]/.test(content) &&
  content
    .slice(1, -1)
    .split(/ ?[-+*=<>,] ?/)
    .every((part) => /^[A-Za-z\d]$/.test(part));

/** `5 and 6`, `20/month, not 7`, `50*6=`: a number, and words follow, or a sign without its second half. @param {string} content */
const isAmount = (content) =>
  NUMBER.test(content) &&
  (isTex(content) ? hasProse(content) : hasWords(content) || /[-+*/=×÷]\s*$/.test(content));

/** `1 = R`, of `$1 = R$ 5`: an amount, and the letters of another currency. @param {string} content */
export const isBeforeCurrency = (content) =>
  NUMBER.test(content) && !isTex(content) && /[^A-Za-z\d][A-Z]{1,3}$/.test(content);

/** @param {string} content */
const hasWords = (content) => /(?:^|[^\\a-z])[a-z]{2,}(?![a-z(])/i.test(withoutWorded(content));

/** @param {string} content */
const hasProse = (content) => /\s[a-z]{2,}\s/i.test(withoutWorded(content).replace(COMMAND, ''));

/** @param {string} content */
const withoutWorded = (content) => content.replace(WORDED, '');

/** Whether what `$` has opened so far reads like mathematics that goes on. @param {string} content */
export function isUnfinished(content) {
  if (NUMBER.test(content)) return !/[\s,;]/.test(content) && /[\\^_{]/.test(content);
  if (/^[A-Z_]{2,}\b/.test(content) || CODE.test(content)) return false;
  if (/^\s/.test(content) && !/^\s+(?:$|[\\{]|[A-Za-z](?![A-Za-z]))/.test(content)) return false;
  if (content.includes('\n') && !isTex(content)) return false;
  return !/\s[a-z]{2,}\s/i.test(content.replace(COMMAND, ''));
}
