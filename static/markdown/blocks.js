// From marked's tokens to a tree of the few elements that an answer may consist of. Raw HTML is text, an image is a
// link, and an unknown token is shown as it was written.

import { codeBlock } from './code-block.js';
import { decodeEntities } from './entities.js';
import { formulaBlock, inlineFormula } from './formula.js';
import { inParts } from './long-blocks.js';
import { hiddenPlace, safeUrl } from './links.js';
import { branch, leaf, textOf } from './vdom.js';

/** @import { Branch, Continuation, Token, Tree } from '../types.js' */

/**
 * One tree for each block. Of `old`, the trees shown so far, one that was made from the same text under the same
 * definitions is taken as it is: raw text alone does not say where a link leads.
 * @param {Token[]} tokens @param {Tree[]} old @param {string} definitions
 * @param {Continuation} [continuation] what the first token goes on with
 * @returns {Branch[]}
 */
export function blocks(tokens, old = [], definitions = '', continuation) {
  return inParts(tokens, continuation)
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token, i) => {
      const origin = `${token.type} ${definitions} ${token.raw}`;
      const shown = old[i] && 'kids' in old[i] ? old[i] : undefined;
      if (shown?.origin === origin) return shown;
      return { ...block(token, (tokens) => blocks(tokens, shown?.kids, definitions)), origin };
    });
}

/** @param {Token} token @param {(tokens: Token[]) => Branch[]} within @returns {Branch} */
function block(token, within) {
  switch (token.type) {
    case 'paragraph':
    case 'text': // a paragraph of a tight list
      return branch('p', {}, inlines(token.tokens ?? [token]));
    case 'heading': // the page has h1, a message h2
      return branch(`h${Math.min(6, token.depth + 2)}`, {}, inlines(token.tokens));
    case 'code':
      return codeBlock(languageOf(token.lang), token.text && token.text.replace(/\n?$/, '\n'));
    case 'math':
      return formulaBlock(token);
    case 'blockquote':
      return branch('blockquote', {}, within(token.tokens));
    case 'list':
      return branch(
        token.ordered ? 'ol' : 'ul',
        {
          // The only trace of it, for it may change with the last line of a long list.
          ...(!token.loose && { class: 'tight' }),
          ...full(token),
          ...(token.ordered && token.start !== 1 && { start: `${token.start}` }),
        },
        within(token.items),
      );
    case 'list_item':
      return branch('li', token.task ? { class: 'todo' } : {}, within(withCheckbox(token.tokens)));
    case 'table':
      return branch(
        'div',
        { class: 'table', tabindex: '0', role: 'group', 'aria-label': 'Table', ...full(token) },
        [
          branch('table', {}, [
            branch('thead', {}, [row('th', token.header)]),
            branch(
              'tbody',
              {},
              token.rows.map((/** @type {Token[]} */ cells) => row('td', cells)),
            ),
          ]),
        ],
      );
    case 'hr':
      return branch('hr');
    default:
      return branch('p', {}, inlines([token]));
  }
}

/** A part of a long list or table that is complete: off screen it costs nothing. @param {Token} token */
const full = (token) => token.full && { 'data-full': '' };

/** marked puts a checkbox before the text of a tight item, but into the paragraph of a loose one. @param {Token[]} tokens */
function withCheckbox(tokens) {
  const [box, text, ...others] = tokens;
  return box?.type === 'checkbox'
    ? [{ ...text, tokens: [box, ...text.tokens] }, ...others]
    : tokens;
}

/** @param {string} tag @param {Token[]} cells */
function row(tag, cells) {
  return branch(
    'tr',
    {},
    cells.map(({ align, tokens }) => branch(tag, align ? { class: align } : {}, inlines(tokens))),
  );
}

/** The first word after the fence. */
function languageOf(info = '') {
  return decodeEntities(info).trim().split(/\s/, 1)[0].slice(0, 40);
}

/** @param {Token[]} tokens @returns {Tree[]} */
function inlines(tokens, inLink = false) {
  /** @type {Tree[]} */
  const trees = [];
  for (const tree of tokens.flatMap((token) => inline(token, inLink))) {
    const last = trees.at(-1);
    if ('text' in tree && last && 'text' in last)
      last.text += tree.text; // one text can grow, two cannot
    else trees.push(tree);
  }
  return trees;
}

/** @param {Token} token @param {boolean} inLink @returns {Tree | Tree[]} */
function inline(token, inLink) {
  switch (token.type) {
    case 'text':
      return token.tokens ? inlines(token.tokens, inLink) : leaf(decodeEntities(token.text));
    case 'escape':
      return leaf(token.text);
    case 'codespan':
      return branch('code', {}, [leaf(token.text)]);
    case 'math':
      return inlineFormula(token);
    case 'br':
      return branch('br');
    case 'strong':
    case 'em':
    case 'del':
      return branch(token.type, {}, inlines(token.tokens, inLink));
    case 'checkbox': {
      const [sign, label] = token.checked ? ['☑', 'done'] : ['☐', 'to do'];
      return [
        branch('span', { class: 'task', role: 'img', 'aria-label': label }, [leaf(sign)]),
        leaf(' '),
      ];
    }
    case 'link':
      if (token.autolink) return link(token.href, [leaf(token.text)]);
      return link(decodeEntities(token.href), inlines(token.tokens, true));
    case 'image': {
      // Loading it would tell its server who reads this, and when.
      const text = leaf(inlines(token.tokens, true).map(textOf).join('') || 'image');
      return inLink ? text : link(decodeEntities(token.href), [text], { class: 'image' });
    }
    default:
      return leaf(token.raw);
  }
}

/** @param {string} href @param {Tree[]} kids @returns {Tree[]} */
function link(href, kids, kind = {}) {
  const url = safeUrl(href);
  if (!url) return kids;
  const place = hiddenPlace(url, kids.map(textOf).join(''));
  return [
    branch(
      'a',
      { ...kind, href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' },
      place ? [...kids, branch('span', { class: 'host' }, [leaf(` (${place})`)])] : kids,
    ),
  ];
}
