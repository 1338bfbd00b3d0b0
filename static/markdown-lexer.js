// Markdown as marked's tokens, and where a growing text can be cut: what lies before a cut is final, what
// follows can be lexed alone.

import { fenceOf } from './fence.js';
import { Lexer, Tokenizer, getDefaults } from './vendor/marked.js';

/** @import { Links, Token } from './markdown-types.js' */

/** Deeper nesting is text: marked recurses, and 3,000 `>` overflow the stack. */
const DEEPEST = 50;
/** Longer inline text stays plain: some of it (`**a` repeated) takes quadratic time. */
const LONGEST_INLINE = 20_000;

/** @param {string} text @param {Links} [links] that precede it: the first definition of a label holds @returns {{ tokens: Token[], links: Links }} */
export function lex(text, links) {
  const lexer = new BoundedLexer({ ...getDefaults(), tokenizer: new Rules() });
  Object.assign(lexer.tokens.links, links);
  try {
    lexer.lex(text);
  } catch {
    return { tokens: [{ type: 'plain', raw: text }], links: links ?? Object.create(null) };
  }
  return { tokens: lexer.tokens, links: lexer.tokens.links };
}

/**
 * Where to cut a text of complete lines, 0 for nowhere: at the last block that begins after a blank line,
 * after a closed fence, or is a fence itself. Nothing less is safe: `1. a⏎⏎2` is one list as soon as a dot
 * comes, and a definition may find its title lines later, even across a fence.
 * @param {string} text @param {Token[]} tokens
 */
export function cutOf(text, tokens) {
  let [cut, start, run, closed] = [0, 0, 0, false];
  for (const token of tokens) {
    if (token.type !== 'space') {
      const blank = followsBlankLine(text, start);
      if (blank) run = start;
      const fence = fenceOf(token);
      if (blank || closed || (fence && !/^ {0,3}\[/m.test(text.slice(run, start)))) cut = start;
      closed = fence?.closed ?? false;
    }
    start += token.raw.length;
  }
  return start === text.length ? cut : 0;
}

/** @param {string} text @param {number} start of a line */
function followsBlankLine(text, start) {
  let i = start - 2;
  while (text[i] === ' ' || text[i] === '\t') i--;
  return text[i] === '\n';
}

class Rules extends Tokenizer {
  /** marked lets a title run over blank lines, CommonMark does not; no cut would be safe. @param {string} src */
  def(src) {
    const blank = /^ {0,3}\[/.test(src) ? src.search(/\n[ \t]*\n/) : -1;
    return super.def(blank < 0 ? src : src.slice(0, blank + 1));
  }
  /** Raw HTML is text. @returns {undefined} */
  html() {}
  /** @returns {undefined} */
  tag() {}
}

class BoundedLexer extends Lexer {
  #depth = 0;

  /** @override @param {string} src @param {Token} tokens @param {boolean} [clipped] @returns {Token} */
  blockTokens(src, tokens = [], clipped) {
    if (this.#depth >= DEEPEST) {
      tokens.push({ type: 'plain', raw: src });
      this.state.top = true;
      return tokens;
    }
    this.#depth++;
    super.blockTokens(src, tokens, clipped);
    this.#depth--;
    return tokens;
  }

  /** @override @param {string} src @param {Token[]} tokens */
  inlineTokens(src, tokens = []) {
    if (this.#depth >= DEEPEST || src.length > LONGEST_INLINE) {
      tokens.push({ type: 'plain', raw: src });
      return tokens;
    }
    this.#depth++;
    super.inlineTokens(src, tokens);
    this.#depth--;
    return tokens;
  }
}
