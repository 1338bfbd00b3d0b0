// Markdown as marked's tokens, and where a growing text can be cut: the text before a cut is final, the
// text after it can be lexed alone.

import { fenceOf } from './fence.js';
import { growthOf } from './long-blocks.js';
import { openDisplayIn } from './math-lines.js';
import { MathTokens } from './math-tokens.js';
import { Lexer, Tokenizer, getDefaults } from '../vendor/marked.js';

/** @import { Links, Token } from '../types.js' */

/** Deeper nesting is text: marked recurses, and 3,000 `>` overflow the stack. */
const DEEPEST = 50;
/**
 * How many characters the rules of inline text may scan in vain: the end of what opens is searched for to the end
 * of the text, so `**a` repeated would take quadratic time. Beyond the bound the rest of the text is plain. Both are for
 * one lexing: a text of at most 16,000 characters (tail.js), not a whole answer.
 */
const MOST_IN_A_TEXT = 300_000;
const MOST_IN_ALL = 600_000;
/** What makes a rule scan the rest of the text, in vain if nothing closes it. */
const OPENERS = /^(?:[*_~`[<]|!\[)/;
/** At each letter of a word marked tries whether an address begins; a longer word is not an address. */
const LONG_WORD = /^[a-zA-Z0-9.!#$%&'*+/=?_`{|}~-]{300}/;
const START_OF_WORD = /^[^][a-zA-Z0-9.#$%'+/=?{|}-]*/;
/** At each line of an item marked tries whether it begins a heading that is underlined later; a longer text is none. */
const LONGEST_HEADING = 1000;
const MOST_FOR_HEADINGS = 500_000;
/** A longer definition is text: each line that begins one is scanned up to this length. */
const LONGEST_DEFINITION = 4000;

/**
 * The text's tokens and its definitions; `links` are those before it, and of a label the first one holds.
 * @param {string} text @param {Links} links @returns {{ tokens: Token[], links: Links }}
 */
export function lex(text, links = Object.create(null)) {
  const lexer = new BoundedLexer(text);
  for (const label of labelsIn(text)) if (label in links) lexer.tokens.links[label] = links[label];
  try {
    lexer.lex(text);
  } catch {
    return { tokens: [{ type: 'plain', raw: text }], links: Object.create(null) };
  }
  const own = Object.entries(lexer.tokens.links).filter(([label]) => !(label in links));
  return {
    tokens: lexer.tokens,
    links: Object.assign(Object.create(null), Object.fromEntries(own)),
  };
}

/** All labels that a text may mention or define, as marked folds them. @param {string} text @returns {Set<string>} */
export function labelsIn(text) {
  const found = text.includes('[') ? text.matchAll(/\[((?:\\[^]|[^\\[\]])+)\]/g) : [];
  return new Set(Array.from(found, ([, label]) => fold(label)));
}

/** A label may go on in the next line of a quotation; in a table `\|` stands for `|`. @param {string} label */
function fold(label) {
  const line = label
    .replace(/\n[ \t>]*/g, ' ')
    .replaceAll('\\|', '|')
    .trim()
    .replace(/\s+/g, ' ');
  return line.toLowerCase().toUpperCase().toLowerCase();
}

/**
 * Where to cut a text of complete lines, 0 for nowhere: at the last block that begins after a blank line or a
 * closed fence, or is a fence or a list of two items. Anything less is unsafe: `1. a⏎⏎2` is
 * one list as soon as a dot arrives, and a definition may find its title lines later, even across a fence.
 * A display formula that is open keeps what follows it.
 * @param {string} text @param {Token[]} tokens
 */
export function cutOf(text, tokens) {
  let [cut, start, run, closed] = [0, 0, 0, false];
  const open = openDisplayIn(text);
  for (const token of tokens) {
    if (token.type !== 'space') {
      const blank = followsBlankLine(text, start);
      if (blank) run = start;
      const fence = fenceOf(token);
      const begins =
        (fence || (token.type === 'list' && growthOf(token))) &&
        !/^ {0,3}\[/m.test(text.slice(run, start));
      if ((blank || closed || begins) && start <= open) cut = start;
      closed = fence?.closed ?? false;
    }
    start += token.raw.length;
  }
  return start === text.length ? cut : 0;
}

/** @param {string} text @param {number} start */
function followsBlankLine(text, start) {
  let i = start - 2;
  while (text[i] === ' ' || text[i] === '\t') i--;
  return text[i] === '\n';
}

class Rules extends Tokenizer {
  math;
  /** How many characters have been scanned in vain: of the current inline text, and of all. */
  inText = 0;
  inAll = 0;
  forHeadings = 0;

  /** @param {MathTokens} math */
  constructor(math) {
    super();
    this.math = math;
  }

  /** marked lets a title run over blank lines, which CommonMark forbids and which makes every cut unsafe. @override @param {string} src */
  def(src) {
    if (!/^ {0,3}\[/.test(src)) return undefined;
    const near = src.slice(0, LONGEST_DEFINITION);
    const blank = near.search(/\n[ \t]*\n/);
    const token = super.def(blank < 0 ? near : near.slice(0, blank + 1));
    return token && token.raw.length < LONGEST_DEFINITION ? token : undefined;
  }
  /** @override @param {string} src */
  lheading(src) {
    const near = this.math.beforeDisplay(
      src.length > LONGEST_HEADING ? src.slice(0, src.lastIndexOf('\n', LONGEST_HEADING) + 1) : src,
    );
    this.forHeadings += near.length;
    return this.forHeadings > MOST_FOR_HEADINGS ? undefined : super.lheading(near);
  }
  /** The first rule that is tried at each position of an inline text. @override @param {string} src @returns {Token} */
  escape(src) {
    const spent = this.inText > MOST_IN_A_TEXT || this.inAll > MOST_IN_ALL;
    return spent ? { type: 'text', raw: src, text: src } : super.escape(src);
  }
  /** The last one: all others have failed, and where something may open, scanned the rest. @override @param {string} src @returns {Token} */
  inlineText(src) {
    this.#charge(src);
    const [raw] = (LONG_WORD.test(src) && START_OF_WORD.exec(src)) || [];
    return raw ? { type: 'text', raw, text: raw, escaped: false } : super.inlineText(src);
  }
  /** An undefined label yields its bracket alone, as text. @override @param {string} src @param {Links} links @returns {Token} */
  reflink(src, links) {
    const token = super.reflink(src, links);
    if (token?.type === 'text') this.#charge(src);
    return token;
  }
  /** @param {string} src */
  #charge(src) {
    const cost = OPENERS.test(src) ? src.length : 1;
    this.inText += cost;
    this.inAll += cost;
  }
  /** Raw HTML is text. @override @returns {undefined} */
  html() {}
  /** @override @returns {undefined} */
  tag() {}
}

class BoundedLexer extends Lexer {
  #depth = 0;
  #rules;

  /** @param {string} text what will be lexed */
  constructor(text, rules = new Rules(new MathTokens(text))) {
    super({ ...getDefaults(), ...rules.math.options, tokenizer: rules });
    this.#rules = rules;
  }

  /** @override @param {string} src @param {Token} [tokens] @param {boolean} [clipped] @returns {Token} */
  blockTokens(src, tokens = [], clipped) {
    this.state.top ||= this.#depth >= DEEPEST;
    return this.#bounded(src, tokens, () => super.blockTokens(src, tokens, clipped));
  }

  /** @override @param {string} src @param {Token[]} tokens @returns {Token[]} */
  inlineTokens(src, tokens = []) {
    if (!this.#depth) this.#rules.inText = 0;
    return this.#bounded(src, tokens, () =>
      this.#rules.math.within(src, () => super.inlineTokens(src, tokens)),
    );
  }

  /** @param {string} raw @param {Token[]} tokens @param {() => void} lex */
  #bounded(raw, tokens, lex) {
    if (this.#depth >= DEEPEST) return (tokens.push({ type: 'plain', raw }), tokens);
    this.#depth++;
    lex();
    this.#depth--;
    return tokens;
  }
}
