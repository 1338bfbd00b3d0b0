// The number of a source as it stands in an answer's text: a space at which no line ends, a character that no text
// contains, and raised digits.

const DIGITS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
export const SPACE = '\u202f';
/** What it begins with. */
export const MARK = `${SPACE}\u2060`;

/** @param {number} number */
export const raised = (number) =>
  Array.from(`${number}`, (digit) => DIGITS[Number(digit)]).join('');

/** The digits at this place of a text, '' where there are none. @param {string} text @param {number} at */
export const raisedAt = (text, at) => /^[⁰¹²³⁴-⁹]{1,3}/.exec(text.slice(at, at + 3))?.[0] ?? '';

/** @param {string} digits as `raised` returns them */
export const numberOf = (digits) =>
  Number(Array.from(digits, (digit) => DIGITS.indexOf(digit)).join(''));
