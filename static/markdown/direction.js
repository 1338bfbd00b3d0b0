// Which way a block is read: the first letter decides, as with dir=auto, but letters of code do not count. A list's
// numbers and a table's columns follow it; lines of a paragraph each find their own in the style sheet.

/** @import { Branch, Tree } from '../types.js' */

const DIRECTED = new Set(['ul', 'ol', 'li', 'blockquote', 'details', 'div']);
const RIGHT_TO_LEFT =
  // eslint-disable-next-line security/detect-unsafe-regex -- one character
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** `known`: the direction of the part of a list or table before this one. @param {Branch} block @param {string} [known] */
export function directed(block, known) {
  if (!DIRECTED.has(block.tag) || block.attributes.class === 'code') return block;
  const direction = known || directionOf(block);
  for (const kid of block.kids) {
    if ('kids' in kid && kid.attributes.dir && kid.attributes.dir === direction)
      delete kid.attributes.dir;
  }
  if (direction) block.attributes.dir = direction;
  return block;
}

/** @param {Tree} tree @returns {string} */
function directionOf(tree) {
  if ('text' in tree) {
    // What mentions a footnote has no direction: it becomes a number when the note is defined.
    const [letter] = /\p{L}/u.exec(tree.text.replace(/\[\^[^\]\s]+\]/g, '')) ?? [];
    return letter ? (RIGHT_TO_LEFT.test(letter) ? 'rtl' : 'ltr') : '';
  }
  if (
    tree.formula ||
    tree.tag === 'code' ||
    tree.tag === 'button' ||
    tree.attributes.class === 'host'
  )
    return '';
  for (const kid of tree.kids) {
    const direction = directionOf(kid);
    if (direction) return direction;
  }
  return '';
}
