// A formula in an answer: its source as it was written, until it is typeset (typesetter.js).

import { say } from '../system/words.js';
import { branch, leaf } from './vdom.js';

/** @import { Branch, Formula, RendererOptions } from '../types.js' */
/** @typedef {NonNullable<RendererOptions['typeset']>} Typeset */

/** Until then a formula that is not typeset is not shown. */
export const PATIENCE_MS = 3000;

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
      'aria-label': say('markdown.formula'),
      'data-source': source,
    },
    [leaf(source)],
  );
  return { ...block, formula };
}

/** A display that has no end yet, of which nothing is shown, or was cut off. @param {string} source */
export const unfinishedFormula = (source) =>
  branch('p', source ? {} : { class: 'held' }, [leaf(source)]);

/** Hide a formula until it is typeset, but not for long. @param {Element} node @param {(run: () => void, ms: number) => void} later */
export function hideFormula(node, later) {
  node.setAttribute('data-waiting', '');
  later(() => node.removeAttribute('data-waiting'), PATIENCE_MS);
}

/** Returns what typesets formulas; `load` fetches what that takes, for the first of them. @param {() => Promise<typeof import('./typesetter.js')>} load @returns {Typeset} */
export function typesetting(load) {
  /** @type {Typeset | undefined} */
  let typesetter;
  return (node, formula, onDrawn) => {
    hideFormula(node, setTimeout);
    load().then(
      ({ createTypesetter }) => (typesetter ??= createTypesetter())(node, formula, onDrawn),
      () => node.removeAttribute('data-waiting'),
    );
  };
}
