// Markdown as marked's tokens, and where a growing text can be cut: what lies before a cut is final, what
// follows can be lexed alone.

import { fenceOf } from './fence.js';
import { growthOf } from './growth.js';
import { Lexer, Tokenizer, getDefaults } from './vendor/marked.js';

/** @import { Links, Token } from './types.js' */

/** Deeper nesting is text: marked recurses, and 3,000 `>` overflow the stack. */
const DEEPEST = 50;
/** Longer inline text stays plain: some of it (`**a` repeated) takes quadratic time. */
const LONGEST_INLINE = 10_000;

/** `links` precede the text: the first definition of a label holds. @returns {{ tokens: Token[], links: Links }} */
export function lex(text, links = Object.create(null)) {
  const lexer = new BoundedLexer({ ...getDefaults(), tokenizer: new Rules() });
  Object.assign(lexer.tokens.links, links);
  try {
    lexer.lex(text);
  } catch {
    return { tokens: [{ type: 'plain', raw: text }], links };
  }
  return { tokens: lexer.tokens, links: lexer.tokens.links };
}

/**
 * Where to cut a text of complete lines, 0 for nowhere: at the last block that begins after a blank line or a
 * closed fence, or is a fence or a list of two items. Nothing less is safe: `1. a⏎⏎2` is
 * one list as soon as a dot comes, and a definition may find its title lines later, even across a fence.
 */
export function cutOf(text, tokens) {
  let [cut, start, run, closed] = [0, 0, 0, false];
  for (const token of tokens) {
    if (token.type !== 'space') {
      const blank = followsBlankLine(text, start);
      if (blank) run = start;
      const fence = fenceOf(token);
      const begins = (fence || (token.type === 'list' && growthOf(token))) && !/^ {0,3}\[/m.test(text.slice(run, start));
      if (blank || closed || begins) cut = start;
      closed = fence?.closed ?? false;
    }
    start += token.raw.length;
  }
  return start === text.length ? cut : 0;
}

function followsBlankLine(text, start) {
  let i = start - 2;
  while (text[i] === ' ' || text[i] === '\t') i--;
  return text[i] === '\n';
}

class Rules extends Tokenizer {
  /** marked lets a title run over blank lines, CommonMark does not; no cut would be safe. */
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

  /** @override @returns {Token} */
  blockTokens(src, /** @type {Token} */ tokens = [], clipped) {
    this.state.top ||= this.#depth >= DEEPEST;
    return this.#bounded(src, tokens, this.#depth >= DEEPEST, () => super.blockTokens(src, tokens, clipped));
  }

  /** @override */
  inlineTokens(src, tokens = []) {
    const plain = this.#depth >= DEEPEST || src.length > LONGEST_INLINE;
    return this.#bounded(src, tokens, plain, () => super.inlineTokens(src, tokens));
  }

  #bounded(raw, tokens, plain, lex) {
    if (plain) return tokens.push({ type: 'plain', raw }), tokens;
    this.#depth++;
    lex();
    this.#depth--;
    return tokens;
  }
}
