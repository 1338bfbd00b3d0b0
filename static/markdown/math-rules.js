// Where mathematics begins and ends in a text: `\(…\)`, `\[…\]`, `$$…$$`, bare environments, and `$…$` where it cannot
// be money. What is mathematics is not Markdown.

import {
  isBeforeCurrency,
  isBracketed,
  isDisplayed,
  isEnclosed,
  isInDollars,
  isInEnvironment,
  isUnfinished,
} from './math-content.js';
import { Next } from './parser/next.js';

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
/** Environments in each other: each is searched for its end past those in it. */
export const DEEPEST_ENVIRONMENT = 10;
const ENVIRONMENT = new RegExp(`\\\\begin\\{((?:${ENVIRONMENTS})\\*?)\\}`, 'y');
/** What may follow a formula as the end of its word: the $n$th. */
const SUFFIX = /^(?:st|nd|rd|th|s)(?![a-z\d$])/;
/** After `$`; but `$.5x$` begins with a number. */
const NO_BEGINNING = /^(?:[\n)\],;:!?'"”»]|\.(?!\d|\\)|$)/;

/** @typedef {{ growing?: boolean, next?: Next }} How `growing`: the end may yet arrive */

/** The formula that begins at this place of a text. @param {string} text @param {number} at @param {How} [how] @returns {Formula | { open: true } | undefined} */
export function formulaAt(text, at, { growing = false, next = new Next(text) } = {}) {
  const two = text.slice(at, at + 2);
  const reach = { growing, next, far: Math.min(text.length, at + FARTHEST) };
  if (two === '\\(') return between(text, at, '\\)', isEnclosed, reach);
  if (two === '\\[') return between(text, at, '\\]', isBracketed, reach);
  if (two === '\\b') return environmentAt(text, at, reach);
  if (two === '$$' && text[at + 2] !== '$' && text[at - 1] !== '$')
    return between(text, at, '$$', isDisplayed, reach);
  return two[0] === '$' && two !== '$$' ? dollarAt(text, at, growing) : undefined;
}

/** @typedef {{ growing: boolean, next: Next, far: number }} Reach `far`: where the search for the end stops */

/** Whether the end may yet arrive. @param {string} text @param {Reach} reach */
const mayGoOn = (text, { growing, far }) => growing && far === text.length;

/**
 * @param {string} text @param {number} start @param {string} close
 * @param {(content: string) => boolean} test @param {Reach} reach
 */
function between(text, start, close, test, reach) {
  const { growing, next, far } = reach;
  const begin = start + 2;
  if (next.of(close, begin) >= far && !mayGoOn(text, reach)) return undefined;
  let depth = 0;
  for (let i = begin; i < far; i++) {
    if (text[i] === close[0] && text[i + 1] === close[1]) {
      const content = text.slice(begin, i);
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
    else if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
  }
  return mayGoOn(text, reach) ? /** @type {const} */ ({ open: true }) : undefined;
}

/** The name of the environment that a text begins with. @param {string} text */
export function environmentIn(text) {
  ENVIRONMENT.lastIndex = 0;
  return ENVIRONMENT.exec(text)?.[1];
}

/** @param {string} text @param {number} start @param {Reach} reach */
function environmentAt(text, start, reach) {
  ENVIRONMENT.lastIndex = start;
  const [, name] = ENVIRONMENT.exec(text) ?? [];
  if (!name) return undefined;
  const [begin, end] = [`\\begin{${name}}`, `\\end{${name}}`];
  if (reach.next.of(end, start) >= reach.far && !mayGoOn(text, reach)) return undefined;
  for (let i = start + 1, depth = 1; i < reach.far; i++) {
    if (text[i] === '`') return undefined;
    if (text.startsWith(begin, i) && ++depth > DEEPEST_ENVIRONMENT) return undefined;
    if (!text.startsWith(end, i) || --depth) continue;
    const stop = i + end.length;
    if (!isInEnvironment(text.slice(start + begin.length, i))) return undefined;
    return formula(text, start, stop, text.slice(start, stop), true);
  }
  return mayGoOn(text, reach) ? /** @type {const} */ ({ open: true }) : undefined;
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
      const after = text.slice(i + 1, i + 3);
      const isMoney = isBeforeCurrency(content);
      if (isMoney && /^\s?\d/.test(after)) return undefined;
      if (growing && (isMoney ? /^\s?$/.test(after) : isOpenAfter(after) && isUnfinished(content)))
        return /** @type {const} */ ({ open: true });
      const isLoose = isAfterWord || /^\s|\s$|\n/.test(content);
      return !depth && isClosing(text, start, i) && isInDollars(content, isLoose)
        ? formula(text, start, i + 1, content, false)
        : undefined;
    }
    if (text[i] === '\\') i++;
    else if (text[i] === '{') depth++;
    else if (text[i] === '}') depth--;
  }
  const isOpen = growing && far === text.length && isUnfinished(text.slice(start + 1));
  return isOpen ? /** @type {const} */ ({ open: true }) : undefined;
}

/** Whether nothing that could decide it has arrived yet. @param {string} after */
const isOpenAfter = (after) => after === '' || after === '.';

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
