// The end of a text that is still arriving, by lines: a line that has only begun is not taken at its word where it may
// still turn out to underline a heading, to be a rule or an item, to open a fence, or to be the head of a table.

/** The marks of containers before it. */
const MARKS = String.raw`^[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])[ \t][ \t>]*)*`;
/** The first covers the marks before it, too. */
const UNDECIDED = [
  String.raw`[-+*_=#~:|>\d.)\s\\$` + '`' + String.raw`]*(?:\[[ xX]?\]?[ \t]*)?$`,
  '(?:`{3,}[^`]*|~{3,}.*)$',
  String.raw`\|.*$`,
  String.raw`<\/?[a-z]{0,9}$`,
  String.raw`<\/?(?:details|summary)\b.*$`,
  String.raw`\[(?!\^)[^\]]{0,200}\]:.*$`,
].map((pattern, i) => regex((i ? MARKS : '^') + pattern));
const LONGEST = 500;
const ROW = regex(String.raw`${MARKS}\|`);
/** It stands in the item of the head: `2. |` begins another one. */
const DASHES = /^[-|: \t>]*$/;
const CELLS = /\|/;

/** @param {string} pattern */
function regex(pattern) {
  // eslint-disable-next-line security/detect-non-literal-regexp -- of constants
  return new RegExp(pattern, 'i');
}

/** @param {string} text @returns {string} */
export function withoutUndecidedLine(text) {
  const at = text.lastIndexOf('\n') + 1;
  const before = text.lastIndexOf('\n', at - 2) + 1;
  const [line, last] = [text.slice(at), text.slice(before, at - 1)];
  if (line.length > LONGEST) return text;
  const isInTable = ROW.test(last) && isRow(text, before);
  if (isInTable) return CELLS.test(line) && line.trim() !== '|' ? text : text.slice(0, at);
  const mayBeHead = at > 0 && ROW.test(last) && last.length < LONGEST && DASHES.test(line);
  if (mayBeHead) return text.slice(0, before);
  return line && UNDECIDED.some((pattern) => pattern.test(line)) ? text.slice(0, at) : text;
}

/** Whether the line that begins here is part of a table: a row of dashes stands in the lines with pipes before it, or is it. @param {string} text @param {number} at */
function isRow(text, at) {
  for (let start = at, n = 0; n < 1000; n++) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end);
    if (!ROW.test(line)) return false;
    if (DASHES.test(line) && line.includes('-') && start > 0) return true;
    if (!start) return false;
    start = text.lastIndexOf('\n', start - 2) + 1;
  }
  return true;
}
