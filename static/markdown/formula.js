// A formula in an answer: its source as it was written, until it is typeset (typesetter.js).

import { branch, leaf } from './vdom.js';

/** @import { Branch, Formula } from '../types.js' */

/** @param {Formula} formula a token of a block or of an inline text @returns {Branch} */
export function inlineFormula(formula) {
  const { display, source } = formula;
  const kind = display ? 'math display' : 'math';
  return { ...branch('span', { class: kind, 'data-source': source }, [leaf(source)]), formula };
}

/** It scrolls sideways, so the keyboard must reach it. @param {Formula} formula @returns {Branch} */
export function formulaBlock(formula) {
  const { source } = formula;
  const block = branch(
    'div',
    {
      class: 'math display',
      tabindex: '0',
      role: 'group',
      'aria-label': 'Formula',
      'data-source': source,
    },
    [leaf(source)],
  );
  return { ...block, formula };
}

/** A display that has no end, or none yet: nothing is shown of that. @param {string} source */
export const unfinishedFormula = (source) =>
  branch('p', source ? {} : { class: 'held' }, [leaf(source)]);
