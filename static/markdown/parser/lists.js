// Which list is loose: one with a blank line between its items, or between the blocks of one.

/** @import { BlockNode } from '../../types.js' */

/** Remember of these blocks whether they end with a blank line. @param {BlockNode} container @param {boolean} isBlank @param {number} at */
export function markBlank(container, isBlank, at) {
  const last = container.kids.at(-1);
  if (isBlank && last) last.endsBlank = true;
  const counts =
    container.type !== 'blockquote' &&
    !container.fence &&
    !(['list_item', 'footnote'].includes(container.type) && !last && container.start === at);
  for (let node = /** @type {BlockNode | undefined} */ (container); node; node = node.parent)
    node.endsBlank = isBlank && counts;
}

/** @param {BlockNode} list */
export function isLoose({ kids: items }) {
  return items.some(
    (item, i) =>
      (i < items.length - 1 && endsBlank(item)) ||
      item.kids.some(
        (kid, k) => (k < item.kids.length - 1 || i < items.length - 1) && endsBlank(kid),
      ),
  );
}

/** @param {BlockNode | undefined} node */
function endsBlank(node) {
  for (
    ;
    node;
    node = node.type === 'list' || node.type === 'list_item' ? node.kids.at(-1) : undefined
  )
    if (node.endsBlank) return true;
  return false;
}
