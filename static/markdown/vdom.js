// A small tree of elements and texts, and how it gets onto the page: only what is new changes there, so
// that a selection in what stays survives.

/** @import { Branch, Leaf, Tree } from '../types.js' */

/** @returns {Leaf} */
export const leaf = (text) => ({ text });

/** @returns {Branch} */
export const branch = (tag, attributes = {}, kids = []) => ({ tag, attributes, kids });

export const textOf = (tree) => tree.text ?? tree.kids.map(textOf).join('');

/** Make what is on the page of `old` into `next`; `add` puts one more behind them. */
export function patch(old, next, document, add) {
  next.forEach((tree, i) => {
    if (old[i] === tree || (old[i] && adopt(old[i], tree))) return;
    const node = create(tree, document);
    if (old[i]?.node) old[i].node.replaceWith(node);
    else add(node);
  });
  for (const { node } of old.slice(next.length)) node?.remove();
}

/** Add to the end of a text. @param {Leaf} tree */
export function grow(tree, more) {
  tree.text += more;
  tree.node?.appendData(more);
}

/** Add a last child. @param {Branch} parent */
export function insert(parent, kid) {
  parent.kids.push(kid);
  parent.node?.append(create(kid, parent.node.ownerDocument));
}

/** Let the node of one tree show another, if it can. */
function adopt(old, tree) {
  if (!old.node || old.tag !== tree.tag) return false;
  const node = (tree.node = old.node);
  if (tree.tag) {
    for (const name in old.attributes) if (!(name in tree.attributes)) node.removeAttribute(name);
    for (const name in tree.attributes) {
      if (old.attributes[name] !== tree.attributes[name])
        node.setAttribute(name, tree.attributes[name]);
    }
    patch(old.kids, tree.kids, node.ownerDocument, (kid) => node.append(kid));
  } else if (tree.text.startsWith(old.text)) {
    if (tree.text !== old.text) node.appendData(tree.text.slice(old.text.length));
  } else {
    node.data = tree.text;
  }
  return true;
}

/** @param {Tree} tree @returns {Element | Text} */
function create(tree, document) {
  if ('text' in tree) return (tree.node = document.createTextNode(tree.text));
  const node = (tree.node = document.createElement(tree.tag));
  for (const name in tree.attributes) node.setAttribute(name, tree.attributes[name]);
  node.append(...tree.kids.map((kid) => create(kid, document)));
  return node;
}
