// A small tree of elements and texts, and how it gets onto the page: only what is new changes there, so
// that a selection in what stays survives.

/** @import { Branch, Leaf, Tree } from './markdown-types.js' */

/** @param {string} text @returns {Leaf} */
export const leaf = (text) => ({ text });

/** @param {string} tag @param {Record<string, string>} [attributes] @param {Tree[]} [kids] @returns {Branch} */
export const branch = (tag, attributes = {}, kids = []) => ({ tag, attributes, kids });

/** @param {Tree} tree @returns {string} */
export const textOf = (tree) => ('text' in tree ? tree.text : tree.kids.map(textOf).join(''));

/**
 * Make what is on the page of `old` into `next`.
 * @param {Tree[]} old @param {Tree[]} next @param {Document} document @param {(node: Node) => void} add puts one more behind them
 */
export function patch(old, next, document, add) {
  next.forEach((tree, i) => {
    if (old[i] === tree || (old[i] && adopt(old[i], tree))) return;
    const node = create(tree, document);
    if (old[i]?.node) old[i].node?.replaceWith(node);
    else add(node);
  });
  for (const { node } of old.slice(next.length)) node?.remove();
}

/** Add to the end of a text. @param {Leaf} tree @param {string} more */
export function grow(tree, more) {
  tree.text += more;
  tree.node?.appendData(more);
}

/** Add a last child. @param {Branch} parent @param {Branch} kid */
export function insert(parent, kid) {
  parent.kids.push(kid);
  parent.node?.append(create(kid, parent.node.ownerDocument));
}

/** Let the node of one tree show another, if it can. @param {Tree} old @param {Tree} tree */
function adopt(old, tree) {
  if ('text' in old && 'text' in tree) {
    const node = (tree.node = old.node);
    if (!tree.text.startsWith(old.text)) node?.replaceData(0, node.length, tree.text);
    else if (tree.text !== old.text) node?.appendData(tree.text.slice(old.text.length));
    return true;
  }
  if ('text' in old || 'text' in tree || old.tag !== tree.tag || !old.node) return false;
  const node = (tree.node = old.node);
  for (const name in old.attributes) if (!(name in tree.attributes)) node.removeAttribute(name);
  for (const [name, value] of Object.entries(tree.attributes)) {
    if (old.attributes[name] !== value) node.setAttribute(name, value);
  }
  patch(old.kids, tree.kids, node.ownerDocument, (kid) => node.append(kid));
  return true;
}

/** @param {Tree} tree @param {Document} document @returns {Element | Text} */
function create(tree, document) {
  if ('text' in tree) return (tree.node = document.createTextNode(tree.text));
  const node = (tree.node = document.createElement(tree.tag));
  for (const [name, value] of Object.entries(tree.attributes)) node.setAttribute(name, value);
  node.append(...tree.kids.map((kid) => create(kid, document)));
  return node;
}
