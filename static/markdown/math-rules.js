// Where mathematics begins and ends in a text: `\(…\)`, `\[…\]`, `$$…$$`, bare environments, and `$…$` where it cannot
// be money. What is mathematics is not Markdown.

import { isBracketed, isEnclosed, isDisplayed, isInDollars, isUnfinished } from './math-content.js';

/** @import { Formula } from '../types.js' */

/** The end is searched for so far; what does not end by then is not mathematics. */
const FARTHEST = 2000;
/** The same for what stands on lines of its own, which is shown as its source where it is long. */
export const FARTHEST_DISPLAY = 8000;
/** Without an end so far what `$` opens is more likely an amount or a variable. */
const FARTHEST_DOLLAR = 300;
const ENVIRONMENTS =
  'align|alignat|aligned|alignedat|array|bmatrix|Bmatrix|cases|dcases|eqnarray|equation|flalign|gather|gathered|' +
  'matrix|multline|pmatrix|rcases|smallmatrix|split|vmatrix|Vmatrix';
const ENVIRONMENT = new RegExp(`\\\\begin\\{((?:${ENVIRONMENTS})\\*?)\\}`, 'y');
/** What may follow a formula as the end of its word: the $n$th. */
const SUFFIX = /^(?:st|nd|rd|th|s)(?![a-z\d$])/;
/** After `$`; but `$.5x$` begins with a number. */
const NO_BEGINNING = /^(?:[\n)\],;:!?'"”»]|\.(?!\d|\\)|$)/;

/** The formula that begins at this place of a text; `growing`: its end may yet arrive. @param {string} text @param {number} at @param {boolean} [growing] @returns {Formula | { open: true } | undefined} */
export function formulaAt(text, at, growing) {
  const two = text.slice(at, at + 2);
  if (two === '\\(') return between(text, at, 2, '\\)', isEnclosed, growing);
  if (two === '\\[') return between(text, at, 2, '\\]', isBracketed, growing);
  if (two === '\\b') return environmentAt(text, at, growing);
  if (two === '$$' && text[at + 2] !== '$' && text[at - 1] !== '$')
    return between(text, at, 2, '$$', isDisplayed, growing);
  return two[0] === '$' && two !== '$$' ? dollarAt(text, at, growing) : undefined;
}

/**
 * @param {string} text @param {number} start @param {number} mark @param {string} close
 * @param {(content: string) => boolean} test @param {boolean} [growing]
 */
function between(text, start, mark, close, test, growing) {
  const far = Math.min(text.length, start + FARTHEST);
  let depth = 0;
  for (let i = start + mark; i < far; i++) {
    if (text.startsWith(close, i)) {
      const content = text.slice(start + mark, i);
      const wrong = text[i + 2] === (close === '$$' ? '$' : '(');
      if (wrong || content.includes('://') || !test(content)) return undefined;
      const display = close !== '\\)';
      if (growing && !display && i + 2 === text.length) break; // what comes next stands in its line
      return formula(text, start, i + close.length, content, display);
    }
    if (text[i] === '`') return undefined;
    // An amount of money may be calculated.
    if (text[i] === '$' && !depth && !/\d/.test(text[i + 1] ?? '')) return undefined;
    if (text[i] === '\\') i++;
    else depth += { '{': 1, '}': -1 }[text[i]] ?? 0;
  }
  return growing && far === text.length ? /** @type {const} */ ({ open: true }) : undefined;
}

/** The name of the environment that a text begins with. @param {string} text */
export function environmentIn(text) {
  ENVIRONMENT.lastIndex = 0;
  return ENVIRONMENT.exec(text)?.[1];
}

/** @param {string} text @param {number} start @param {boolean} [growing] */
function environmentAt(text, start, growing) {
  ENVIRONMENT.lastIndex = start;
  const [, name] = ENVIRONMENT.exec(text) ?? [];
  if (!name) return undefined;
  const [begin, end] = [`\\begin{${name}}`, `\\end{${name}}`];
  const far = Math.min(text.length, start + FARTHEST);
  for (let i = start + 1, depth = 1; i < far; i++) {
    if (text[i] === '`') return undefined;
    if (text.startsWith(begin, i)) depth++;
    if (!text.startsWith(end, i) || --depth) continue;
    const stop = i + end.length;
    return formula(text, start, stop, text.slice(start, stop), true);
  }
  return growing && far === text.length ? /** @type {const} */ ({ open: true }) : undefined;
}

/**
 * Money, variables of a shell and prices in a row are left alone. What is written loosely (spaces inside, a line break,
 * a word right before it) has to be TeX.
 * @param {string} text @param {number} start @param {boolean} [growing]
 */
function dollarAt(text, start, growing) {
  const isAfterWord = /[A-Za-z0-9]/.test(text[start - 1] ?? ''); // US$5, but 16$\times$
  if (isAfterWord && !/^\\[a-zA-Z]{2}/.test(text.slice(start + 1, start + 4))) return undefined;
  if (text[start - 1] === '$' || NO_BEGINNING.test(text.slice(start + 1, start + 3)))
    return undefined;
  const far = Math.min(text.length, start + FARTHEST_DOLLAR);
  let depth = 0;
  for (let i = start + 1; i < far; i++) {
    if (text[i] === '`') return undefined;
    if (text[i] === '$' && depth <= 0) {
      const content = text.slice(start + 1, i);
      if (growing && /^\.?$/.test(text.slice(i + 1, i + 3)) && isUnfinished(content))
        return /** @type {const} */ ({ open: true });
      const isLoose = isAfterWord || /^\s|\s$|\n/.test(content);
      return !depth && isClosing(text, start, i) && isInDollars(content, isLoose)
        ? formula(text, start, i + 1, content, false)
        : undefined;
    }
    if (text[i] === '\\') i++;
    else depth += { '{': 1, '}': -1 }[text[i]] ?? 0;
  }
  const isOpen = growing && far === text.length && isUnfinished(text.slice(start + 1));
  return isOpen ? /** @type {const} */ ({ open: true }) : undefined;
}

/** Whether nothing follows that this `$` would belong to. @param {string} text @param {number} start @param {number} at */
function isClosing(text, start, at) {
  const after = text.slice(at + 1, at + 4);
  if (text[at - 1] === '\n' || (text[start + 1] === '(' && after[0] === '(')) return false;
  return !/^(?:[A-Za-z0-9$_{]|\.\d)/.test(after) || SUFFIX.test(after);
}

/** @param {string} text @param {number} start @param {number} end @param {string} content @param {boolean} display @returns {Formula} */
const formula = (text, start, end, content, display) => ({
  start,
  end,
  source: text.slice(start, end),
  content,
  display,
});
