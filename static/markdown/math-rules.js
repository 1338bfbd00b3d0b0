// Where mathematics begins and ends in a text: `\(…\)`, `\[…\]`, `$$…$$`, bare environments, and `$…$` where it cannot
// be money. What is mathematics is not Markdown.

/** @import { Formula } from '../types.js' */

/** The end is searched for so far; what does not end by then is not mathematics. */
export const FARTHEST = 2000;
/** What `$` opens stands in one line; without an end so far it is more likely an amount or a variable. */
const FARTHEST_DOLLAR = 300;
const ENVIRONMENTS =
  'align|alignat|aligned|alignedat|array|bmatrix|Bmatrix|cases|dcases|eqnarray|equation|flalign|gather|gathered|' +
  'matrix|multline|pmatrix|rcases|smallmatrix|split|vmatrix|Vmatrix';
const ENVIRONMENT = new RegExp(`\\\\begin\\{((?:${ENVIRONMENTS})\\*?)\\}`, 'y');
/** What marks mathematics, and no prose. */
const MATHEMATICAL = /\\[a-zA-Z]|[\^=<>{}|+*/()_]|\d/;
/** What may follow a formula as the end of its word: the $n$th. */
const SUFFIX = /^(?:st|nd|rd|th|s)(?![a-z\d$])/;

/** The formula that begins at this place of a text; `growing`: its end may yet arrive. @param {string} text @param {number} at @param {boolean} [growing] @returns {Formula | { open: true } | undefined} */
export function formulaAt(text, at, growing) {
  const two = text.slice(at, at + 2);
  if (two === '\\(') return between(text, at, 2, '\\)', isMathematical, growing);
  if (two === '\\[') return between(text, at, 2, '\\]', isBracketed, growing);
  if (two === '\\b') return environmentAt(text, at, growing);
  if (two === '$$' && text[at + 2] !== '$' && text[at - 1] !== '$')
    return between(text, at, 2, '$$', isSigned, growing);
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
      return formula(text, start, i + close.length, content, display);
    }
    if (text[i] === '`') return undefined;
    if (text[i] === '$' && !depth) return undefined;
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

/** Money, variables of a shell and prices in a row are left alone. @param {string} text @param {number} start @param {boolean} [growing] */
function dollarAt(text, start, growing) {
  if (/[A-Za-z0-9$]/.test(text[start - 1] ?? '')) return undefined; // US$5
  if (/^(?:[\s)\],.;:!?'"”»|]|$)/.test(text.slice(start + 1, start + 2))) return undefined;
  const far = Math.min(text.length, start + FARTHEST_DOLLAR);
  let depth = 0;
  for (let i = start + 1; i < far; i++) {
    if ('`\n'.includes(text[i])) return undefined;
    if (text[i] === '$' && depth <= 0) {
      const content = text.slice(start + 1, i);
      if (growing && i + 1 === text.length && isUnfinished(content))
        return /** @type {const} */ ({ open: true });
      const after = text.slice(i + 1, i + 4);
      const isClosing = !depth && !/\s$/.test(content);
      const isApart = !/^[A-Za-z0-9$]/.test(after) || SUFFIX.test(after);
      return isClosing && isApart && !isAmount(content) && isMathematical(content)
        ? formula(text, start, i + 1, content, false)
        : undefined;
    }
    if (text[i] === '\\') i++;
    else depth += { '{': 1, '}': -1 }[text[i]] ?? 0;
  }
  const isOpen = growing && far === text.length && isUnfinished(text.slice(start + 1));
  return isOpen ? /** @type {const} */ ({ open: true }) : undefined;
}

/** @param {string} text @param {number} start @param {number} end @param {string} content @param {boolean} display @returns {Formula} */
const formula = (text, start, end, content, display) => ({
  start,
  end,
  source: text.slice(start, end),
  content,
  display,
});

/** Whether it is neither blank nor a word. @param {string} content */
const isSigned = (content) =>
  content.trim() !== '' && (MATHEMATICAL.test(content) || !/\p{L}{2,}/u.test(content));

/** Whether it is neither blank nor a few plain words. @param {string} content */
const isMathematical = (content) =>
  isSigned(content) || (content.trim() !== '' && !/\S\s+\S/.test(content));

/** `\[1\]`, `\[WARNING\]` and `\[ \]` are brackets that were escaped. @param {string} content */
function isBracketed(content) {
  if (!content.trim()) return false;
  if (/\\[a-zA-Z]|[\^=<>+{}]|_\{/.test(content)) return true;
  return /^\s[^]*\s$/.test(content) && !/[a-z]{4}/i.test(content);
}

/** `5 and 6`, `20/month, not 7`: it begins with a number, and words follow. @param {string} content */
const isAmount = (content) => /^[-+~≈<>]?\d/.test(content) && hasWords(content);

/** @param {string} content */
const hasWords = (content) =>
  /(?:^|[^\\a-z])[a-z]{2,}(?![a-z(])/i.test(
    content.replace(/\\(?:text|mathrm|operatorname|mathbf)\*?\s*\{[^}]*\}?/g, ''),
  );

/** Whether what `$` has opened so far reads like mathematics that goes on. @param {string} content */
function isUnfinished(content) {
  if (/^[-+~≈<>]?\d/.test(content)) return !/[\s,;]/.test(content) && /[\\^_{]/.test(content);
  return (
    !/^[A-Z_]{2,}\b/.test(content) && !/\s[a-z]{2,}\s/i.test(content.replace(/\\[a-z]+/gi, ''))
  );
}
