// A block of code: its language, a Copy button, and its text.

import { say } from '../system/words.js';
import { writer, writtenIn } from './growing-text.js';
import { branch, leaf } from './vdom.js';

/** @import { Branch, Tree } from '../types.js' */

/** @param {string} language @param {string} text @returns {Branch} */
export function codeBlock(language, text) {
  const code = branch('code', language ? { 'data-language': language } : {});
  writer(code)(text);
  return branch('div', { class: 'code' }, [
    branch('div', { class: 'code-head' }, [
      branch('span', {}, [leaf(language)]),
      branch('button', { type: 'button', 'data-action': 'copy-code' }, [
        leaf(say('markdown.copy')),
      ]),
    ]),
    // It scrolls sideways, so the keyboard must reach it.
    branch(
      'pre',
      { tabindex: '0', role: 'group', 'aria-label': say('markdown.code', { language }).trim() },
      [code],
    ),
  ]);
}

/** The `<code>` of a block of code; undefined for any other block. @param {Branch} tree @returns {Branch | undefined} */
export function codeOf({ attributes, kids }) {
  if (attributes.class !== 'code') return undefined;
  const [, pre] = /** @type {Branch[]} */ (kids);
  return /** @type {Branch} */ (pre.kids[0]);
}

/** The `<code>` at the end of a block, within its items and quotations. @param {Tree | undefined} tree @returns {Branch | undefined} */
export function lastCodeIn(tree) {
  return tree && 'kids' in tree ? (codeOf(tree) ?? lastCodeIn(tree.kids.at(-1))) : undefined;
}

/** The source that a Copy button stands for, as it was written. @param {any} button */
export function sourceOfCode(button) {
  return writtenIn(button.closest('.code').querySelector('code'));
}
