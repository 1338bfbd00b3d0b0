// A block of code: its language, a Copy button, and its text.

import { writer, writtenIn } from './growing-text.js';
import { branch, leaf } from './vdom.js';

export function codeBlock(language, text) {
  const code = branch('code', language ? { 'data-language': language } : {});
  writer(code)(text);
  return branch('div', { class: 'code' }, [
    branch('div', { class: 'code-head' }, [
      branch('span', {}, [leaf(language)]),
      branch('button', { type: 'button', 'data-action': 'copy-code' }, [leaf('Copy')]),
    ]),
    // It scrolls sideways, so the keyboard must get there.
    branch('pre', { tabindex: '0', role: 'group', 'aria-label': `Code ${language}`.trim() }, [
      code,
    ]),
  ]);
}

/** The `<code>` of a block of code; undefined for any other block. */
export const codeOf = ({ attributes, kids }) =>
  attributes.class === 'code' ? kids[1].kids[0] : undefined;

/** The `<code>` at the end of a block, within its items and quotations. */
export function lastCodeIn(tree) {
  return tree?.kids && (codeOf(tree) ?? lastCodeIn(tree.kids.at(-1)));
}

/** The source that a Copy button stands for, as it was written. */
export function sourceOfCode(button) {
  return writtenIn(button.closest('.code').querySelector('code'));
}
