// Tags in a text. Those that Markdown has no marks for become elements, in pairs and without attributes; a tag in any
// other form stays as it was written.

/** @import { Token } from '../../types.js' */

/** No marks of Markdown say these; for the others (`b`, `i`, `code`, `s` …) it has some, and answers about HTML name them. */
const PAIRS = new Set(['sub', 'sup', 'kbd', 'mark', 'small', 'u', 'ins', 'del']);
const NAME = /[a-z][a-z0-9-]*/iy;
const ATTRIBUTE = /[ \t\n]+[a-z_:][\w.:-]*/iy;
const VALUE = /[ \t\n]*=[ \t\n]*(?:'[^']*'|"[^"]*"|[^\s"'=<>`]+)/y;
const SPACE = /[ \t\n]*/y;
/** What ends the other kinds of a tag. @type {[RegExp, string][]} */
const OTHERS = [
  [/^<\?/, '?>'],
  [/^<!\[CDATA\[/, ']]>'],
  [/^<![a-z]/i, '>'],
];

/** Where the tag ends that begins at `at`, 0 if there is none. @param {string} text @param {number} at @param {Map<string, number>} missing what is known not to follow */
export function endOfTag(text, at, missing) {
  const start = text.slice(at, at + 9);
  if (start.startsWith('<!--')) return endOfComment(text, at, missing);
  const [, end] = OTHERS.find(([pattern]) => pattern.test(start)) ?? [];
  if (end) return find(text, end, at + 2, missing);
  const closes = start[1] === '/';
  let position = after(NAME, text, at + (closes ? 2 : 1));
  if (!position) return 0;
  for (let next; !closes && (next = after(ATTRIBUTE, text, position));)
    position = after(VALUE, text, next) || next;
  position = after(SPACE, text, position) || position;
  if (!closes && text[position] === '/') position++;
  return text[position] === '>' ? position + 1 : 0;
}

/** @param {string} text @param {number} at @param {Map<string, number>} missing */
function endOfComment(text, at, missing) {
  const [short] = /^<!--(?:-?>)/.exec(text.slice(at, at + 6)) ?? [];
  return short ? at + short.length : find(text, '-->', at + 4, missing);
}

/** @param {string} text @param {string} end @param {number} from @param {Map<string, number>} missing */
function find(text, end, from, missing) {
  if (missing.has(end)) return 0;
  const at = text.indexOf(end, from);
  if (at < 0) missing.set(end, from);
  return at < 0 ? 0 : at + end.length;
}

/** @param {RegExp} pattern a sticky one @param {string} text @param {number} at */
function after(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : 0;
}

/** The tokens with pairs of tags as elements. @param {Token[]} tokens @returns {Token[]} */
export function withElements(tokens) {
  if (!tokens.some(({ type }) => type === 'html')) return tokens;
  /** @type {Token[]} */
  const found = [];
  /** The open tags and their places. @type {{ tag: string, at: number }[]} */
  let open = [];
  for (const token of tokens) {
    const [tag, isEnd] = simpleTag(token);
    if (tag === 'br') found.push({ type: 'br', text: token.text });
    else if (!isEnd || !open.some((other) => other.tag === tag)) {
      if (tag && !isEnd) open.push({ tag, at: found.length });
      found.push(token);
    } else {
      while (open.at(-1)?.tag !== tag) open.pop();
      const { at } = /** @type {{ at: number }} */ (open.pop());
      const [opening, ...tokens] = found.splice(at);
      found.push({ type: 'element', tag, tokens, opening: opening.text, closing: token.text });
    }
  }
  return found;
}

/** The name in a tag without attributes that may become an element, and whether the tag is the closing one. @param {Token} token @returns {[string, boolean]} */
function simpleTag({ type, text }) {
  const [, end, name = '', isEmpty] =
    (type === 'html' && /^<(\/?)([a-z]+)[ \t\n]*(\/?)>$/i.exec(text)) || [];
  const tag = name.toLowerCase();
  if (tag === 'br') return [end ? '' : tag, false];
  return [PAIRS.has(tag) && !isEmpty ? tag : '', Boolean(end)];
}
