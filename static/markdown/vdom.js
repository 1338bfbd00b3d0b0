// A small tree of elements and texts, and its way onto the page: only what is new changes there, so that a selection
// in the rest survives.

/** @import { Branch, Leaf, Tree } from '../types.js' */
/** @typedef {(tree: Branch, node: Element) => void} Made what is told of each new element of a formula */

/** What the element of a shared branch shows: any of the trees that hold it may have drawn it. @type {WeakMap<Element, Branch>} */
const drawn = new WeakMap();

/** @param {string} text @returns {Leaf} */
export const leaf = (text) => ({ text });

/** @param {string} tag @param {Record<string, string>} attributes @param {Tree[]} kids @returns {Branch} */
export const branch = (tag, attributes = {}, kids = []) => ({ tag, attributes, kids });

/** @param {Tree} tree @returns {string} */
export const textOf = (tree) => ('text' in tree ? tree.text : tree.kids.map(textOf).join(''));

/**
 * Turn the trees on the page, `old`, into `next`; `add` puts a further node after them.
 * @param {Tree[]} old @param {Tree[]} next @param {Document} document @param {(node: Element | Text) => void} add
 * @param {Made} [made]
 */
export function patch(old, next, document, add, made) {
  next.forEach((tree, i) => {
    if (old[i] === tree || (old[i] && adopt(old[i], tree, made))) return;
    const node = create(tree, document, made);
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

/** Add a last child. @param {Branch} parent @param {Tree} kid */
export function insert(parent, kid) {
  parent.kids.push(kid);
  parent.node?.append(create(kid, parent.node.ownerDocument));
}

/** Let the node of one tree show another; returns whether it can. @param {Tree} old @param {Tree} tree @param {Made} [made] */
function adopt(old, tree, made) {
  if ('text' in tree) return 'text' in old && adoptText(old, tree);
  return !('text' in old) && adoptElement(old, tree, made);
}

/** @param {Leaf} old @param {Leaf} tree */
function adoptText({ node, text }, tree) {
  if (!node) return false;
  tree.node = node;
  if (!tree.text.startsWith(text)) node.data = tree.text;
  else if (tree.text !== text) node.appendData(tree.text.slice(text.length));
  return true;
}

/** @param {Branch} old @param {Branch} tree @param {Made} [made] */
function adoptElement(old, tree, made) {
  const { node, tag } = old;
  if (!node || tag !== tree.tag || !isSameFormula(old, tree)) return false;
  tree.node = node;
  const { attributes, kids } = drawn.get(node) ?? old;
  if (tree.shared) drawn.set(node, tree);
  for (const name in attributes) if (!(name in tree.attributes)) node.removeAttribute(name);
  for (const name in tree.attributes) {
    if (attributes[name] !== tree.attributes[name]) node.setAttribute(name, tree.attributes[name]);
  }
  if (!tree.formula) patch(kids, tree.kids, node.ownerDocument, (kid) => node.append(kid), made);
  return true;
}

/** @param {Tree} tree @param {Document} document @param {Made} [made] @returns {Element | Text} */
function create(tree, document, made) {
  if ('text' in tree) return (tree.node = document.createTextNode(tree.text));
  const node = (tree.node = document.createElement(tree.tag));
  for (const name in tree.attributes) node.setAttribute(name, tree.attributes[name]);
  node.append(...tree.kids.map((kid) => create(kid, document, made)));
  if (tree.shared) drawn.set(node, tree);
  if (tree.formula) made?.(tree, node);
  return node;
}

/** @param {Branch} old @param {Branch} tree */
const isSameFormula = (old, tree) =>
  old.formula?.source === tree.formula?.source && old.formula?.display === tree.formula?.display;
