// Bare addresses: `https://…`, `www.…` and mail. One ends before the punctuation of the sentence around it, in any script.

import { CJK_END, isPunctuation, isSpace } from './characters.js';

const TRAIL = '!"\'),*.:;?]_~';

/** The address of the web at `at`: its end and where it leads; undefined if it is none. @param {string} text @param {number} at */
export function scanAddress(text, at) {
  const [start] = /^(?:https?:\/\/|(?=www\.))/i.exec(text.slice(at, at + 8)) ?? [];
  if (start === undefined) return undefined;
  const before = text[at - 1] ?? '';
  const isWww = !start;
  if (isWww ? before && !/[\s(*_[\]~]/.test(before) : /[a-z]/i.test(before)) return undefined;
  const from = at + start.length;
  if (isWww && !/^[^\s\p{P}\p{S}]/u.test(text.slice(from + 4, from + 6))) return undefined;
  const first = text[from] ?? '';
  if (!isWww && (isSpace(first) || isPunctuation(first) || first < ' ')) return undefined;
  const stop = stopOf(text, from);
  const domain = endOfDomain(text, from, stop);
  if (!domain) return undefined;
  const end = endOfPath(text, domain, stop);
  return { end, href: `${isWww ? 'http://' : ''}${text.slice(at, end)}` };
}

/** Where at the latest an address ends. @param {string} text @param {number} from */
function stopOf(text, from) {
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at];
    if (character === '<' || isSpace(character) || CJK_END.test(character)) break;
    if (character === ']' && /^(?:[([]|\s|$)/.test(text[at + 1] ?? '')) break;
  }
  return at;
}

/** @param {string} text @param {number} from @param {number} stop */
function endOfDomain(text, from, stop) {
  let at = from;
  let underscores = [false, false]; // in the last two labels
  const trail = trailOf(text, from, stop);
  for (; at < stop; at++) {
    const character = text[at];
    if (character === '.' || character === '_') {
      if (trail.has(at)) break;
      if (character === '_') underscores[1] = true;
      else underscores = [underscores[1], false];
    } else if (character !== '-' && isPunctuation(character)) break;
  }
  return at > from && !underscores.includes(true) ? at : 0;
}

/** @param {string} text @param {number} from @param {number} stop */
function endOfPath(text, from, stop) {
  const trail = trailOf(text, from, stop);
  let open = 0;
  for (let at = from; at < stop; at++) {
    const character = text[at];
    if (character === '(') open++;
    else if (character === ')' && open > 0) open--;
    else if (trail.has(at)) return at;
    else if (character === ')') open--;
  }
  return stop;
}

/** The positions from which nothing but punctuation leads to the end. @param {string} text @param {number} from @param {number} stop */
function trailOf(text, from, stop) {
  const trail = new Set();
  let at = stop;
  if (text[stop] === ']') trail.add(stop);
  while (at > from) {
    const character = text[at - 1];
    if (character === ';') {
      const reference = /&[a-z]+$/i.exec(text.slice(Math.max(from, at - 40), at - 1));
      if (reference) {
        trail.add(at - 1);
        at -= reference[0].length + 1;
        trail.add(at);
        continue;
      }
    }
    if (!TRAIL.includes(character)) break;
    trail.add(--at);
  }
  return trail;
}

/** The mail address at `at`, and its end. @param {string} text @param {number} at */
export function scanMail(text, at) {
  const [local] = /^[\w.+-]+@/.exec(text.slice(at, at + 320)) ?? [];
  if (!local) return undefined;
  const from = at + local.length;
  let end = from;
  let dots = 0;
  for (; end < text.length; end++) {
    if (text[end] === '.') {
      if (!/[a-z0-9]/i.test(text[end + 1] ?? '')) break;
      dots++;
    } else if (!/[\w-]/.test(text[end])) break;
  }
  if (!dots || !/[a-z]/i.test(text[end - 1]) || end === from) return undefined;
  return { end, href: `mailto:${text.slice(at, end)}` };
}
