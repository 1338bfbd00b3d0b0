// From the tokens of a text to a tree: an image is a link, and a tag that is no element is shown as it was written.

import { say } from '../system/words.js';
import { reference } from './footnotes.js';
import { hiddenPlace, safeUrl } from './links.js';
import { drawRules } from './parser/rules.js';
import { branch, leaf, textOf } from './vdom.js';

/** @import { Token, Tree } from '../types.js' */

/** @param {Token[]} tokens @returns {Tree[]} */
export function inlines(tokens, inLink = false) {
  /** @type {Tree[]} */
  const trees = [];
  for (const tree of tokens.flatMap((token) => inline(token, inLink))) {
    const last = trees.at(-1);
    if ('text' in tree && last && 'text' in last)
      last.text += tree.text; // one text can grow, two cannot
    else trees.push(tree);
  }
  return trees.flatMap((tree, i) => together(trees[i - 1], tree, trees[i + 1]));
}

/** What ends a word or a sentence: no line begins with it. */
const ENDING =
  /^(?:[-–.,;:!?%°)\]}"'”’»…、。，；：！？）」』】》〉]|(?:st|nd|rd|th|s)(?![A-Za-z]))+/u;

/** Of these trees the middle one; what the browser breaks lines around has what it stands before. @param {Tree | undefined} before @param {Tree} tree @param {Tree | undefined} after @returns {Tree[]} */
function together(before, tree, after) {
  const ended = (/** @type {Tree | undefined} */ text) =>
    (text && 'text' in text && ENDING.exec(text.text)?.[0]) || '';
  if (breaksLines(before) && 'text' in tree) {
    const rest = tree.text.slice(ended(tree).length);
    return rest ? [leaf(rest)] : [];
  }
  const ending = breaksLines(tree) && ended(after);
  if (!ending || 'text' in tree) return [tree];
  return [kept(tree.attributes.class === 'kept' ? tree.kids : [tree], leaf(ending))];
}

/** A formula in a line, or a link with the place that it leads to. @param {Tree | undefined} tree */
function breaksLines(tree) {
  if (!tree || 'text' in tree) return false;
  return tree.formula?.display === false || tree.attributes.class === 'kept';
}

/** @param {Tree[]} kids @param {Tree[]} more */
const kept = (kids, ...more) => branch('span', { class: 'kept' }, [...kids, ...more]);

/** @param {Token} token @param {boolean} inLink @returns {Tree | Tree[]} */
function inline(token, inLink) {
  switch (token.type) {
    case 'text':
    case 'html':
      return leaf(token.text);
    case 'codespan':
      return branch('code', {}, [leaf(token.text)]);
    case 'br':
      return branch('br');
    case 'strong':
    case 'em':
    case 'del':
      return branch(token.type, {}, inlines(token.tokens, inLink));
    case 'element':
      return branch(token.tag, {}, inlines(token.tokens, inLink));
    case 'checkbox':
      return checkbox(token);
    case 'footnote_ref':
      return reference(token);
    case 'link':
      if (token.autolink) return inLink ? leaf(plainOne(token)) : link(token, [leaf(token.text)]);
      return link(token, inlines(token.tokens, true));
    case 'image': {
      // Loading it would tell its server who reads this, and when.
      const words = plain(token.tokens);
      const text = leaf(words.trim() ? words : 'image');
      return inLink ? text : link(token, [text], { class: 'image' });
    }
    default:
      return drawRules.get(token.type)?.(token) ?? leaf(token.raw ?? '');
  }
}

/** What tokens say, without elements. @param {Token[]} tokens @returns {string} */
const plain = (tokens) => tokens.map(plainOne).join('');

/** @param {Token} token @returns {string} */
function plainOne({ type, text, tokens, raw, href, opening = '', closing = '' }) {
  if (type === 'footnote_ref') return '';
  if (type === 'link' && !tokens) return safeUrl(href) ? text : raw;
  if (tokens) return opening + plain(tokens) + closing;
  return text ?? raw ?? (type === 'br' ? '\n' : '');
}

/** @param {Token} token */
function checkbox({ checked }) {
  const [sign, label] = checked ? ['☑', say('markdown.done')] : ['☐', say('markdown.to-do')];
  return [
    branch('span', { class: 'task', role: 'img', 'aria-label': label }, [leaf(sign)]),
    leaf(' '),
  ];
}

/** @param {Token} token @param {Tree[]} kids @returns {Tree[]} */
function link({ href, raw }, kids, kind = {}) {
  const url = safeUrl(href);
  if (!url) return [leaf(raw)];
  const place = hiddenPlace(url, kids.map(textOf).join(''));
  const link = (/** @type {Tree[]} */ all) =>
    branch(
      'a',
      { ...kind, href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' },
      all,
    );
  if (!place) return [link(kids)];
  const host = branch('span', { class: 'host' }, [leaf(` ${place}`)]);
  return [kept([link([...kids, kept([host])])])];
}
