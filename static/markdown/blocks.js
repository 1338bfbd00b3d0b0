// From tokens to a tree of the few elements that an answer may consist of.

import { say } from '../system/words.js';
import { codeBlock } from './code-block.js';
import { directed } from './direction.js';
import { note } from './footnotes.js';
import { inlines } from './inlines.js';
import { inParts } from './long-blocks.js';
import { unescape } from './parser/link-parts.js';
import { drawRules } from './parser/rules.js';
import { branch } from './vdom.js';

/** @import { Branch, Continuation, Token, Tree } from '../types.js' */

/**
 * One tree for each block. Of `old`, the trees shown so far, one that was made from the same text under the same
 * definitions is taken as it is: raw text alone does not say where a link leads.
 * @param {Token[]} tokens @param {Tree[]} old @param {string} definitions
 * @param {Continuation} [continuation] what the first token goes on with
 * @returns {Branch[]}
 */
export function blocks(tokens, old = [], definitions = '', continuation) {
  let direction = continuation?.direction;
  return inParts(tokens, continuation)
    .filter(isShown)
    .map((token, i) => {
      const known = token.follows && direction;
      const origin = `${token.type} ${definitions} ${known} ${token.held ? '…' : ''}${token.raw}`;
      const shown = old[i] && 'kids' in old[i] ? old[i] : undefined;
      const next =
        shown?.origin === origin
          ? shown
          : { ...directed(block(token, shown, definitions), known), origin };
      direction = next.attributes.dir;
      return next;
    });
}

/** Not a definition, nor what has only begun. @param {Token} token */
function isShown({ type, held, tokens }) {
  if (type === 'def') return false;
  return !tokens || tokens.length > 0 || !(held || type === 'details');
}

/** @param {Token} token @param {Branch | undefined} shown @param {string} definitions @returns {Branch} */
function block(token, shown, definitions) {
  const within = (/** @type {Token[]} */ tokens, /** @type {Tree[]} */ old = []) =>
    blocks(tokens, old, definitions);
  switch (token.type) {
    case 'paragraph':
    case 'summary':
      return branch(token.type === 'summary' ? 'summary' : 'p', {}, inlines(token.tokens));
    case 'heading': // the page has h1, a message h2
      return branch(`h${Math.min(6, token.depth + 2)}`, {}, inlines(token.tokens));
    case 'code':
      return codeBlock(languageOf(token.lang), token.text);
    case 'list':
      return list(token, within(token.items, shown?.kids));
    case 'list_item':
      return branch('li', token.task ? { class: 'todo' } : {}, within(token.tokens, shown?.kids));
    case 'footnote':
      return note(token, (old) => within(token.tokens, old), shown);
    case 'table':
      return table(token);
    case 'hr':
      return branch('hr');
    case 'blockquote':
    case 'details':
      return branch(token.type, {}, within(token.tokens, shown?.kids));
    default:
      return drawRules.get(token.type)?.(token) ?? branch('p', {}, inlines([token]));
  }
}

/** @param {Token} token @param {Branch[]} items */
function list(token, items) {
  const attributes = {
    // The only trace of it, for it may change with the last line of a long list.
    ...(!token.loose && { class: 'tight' }),
    ...full(token),
    ...(token.ordered && token.start !== 1 && { start: `${token.start}` }),
  };
  return branch(token.ordered ? 'ol' : 'ul', attributes, items);
}

/** @param {Token} token */
function table(token) {
  const rows = token.rows.map((/** @type {Token[]} */ cells) => row('td', cells));
  return branch(
    'div',
    {
      class: 'table',
      tabindex: '0',
      role: 'group',
      'aria-label': say('markdown.table'),
      ...full(token),
    },
    [
      branch('table', {}, [
        { ...branch('thead', {}, [row('th', token.header)]), shared: true },
        branch('tbody', {}, rows),
      ]),
    ],
  );
}

/** A part of a long list or table that is complete: off screen it costs nothing. @param {Token} token */
const full = (token) => token.full && { 'data-full': '' };

/** @param {string} tag @param {Token[]} cells */
function row(tag, cells) {
  return branch(
    'tr',
    {},
    cells.map(({ align, tokens }) => {
      // An empty cell of the head is announced as a heading without a name, if it is one.
      const role = tag === 'th' && !tokens.length && { role: 'cell' };
      return branch(tag, { ...(align && { class: align }), ...role }, inlines(tokens));
    }),
  );
}

/** The first word after the fence. */
function languageOf(info = '') {
  return unescape(info).trim().split(/\s/, 1)[0].slice(0, 40);
}
