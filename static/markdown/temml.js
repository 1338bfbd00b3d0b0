// Temml: the source of a formula becomes a tree of MathML, as plain values. It runs in a Worker (math-worker.js): what
// defines macros can take long, however short it is.

/** @import { MathTree } from '../types.js' */

/** Lengths in a formula, in em: the most across and up or down. @type {[number, number]} */
const LONGEST_LENGTHS = [30, 10];
/** How often a macro may be expanded; the library's own commands are macros, too. */
const MOST_EXPANSIONS = 500;
/** More elements would take the browser too long to lay out. */
const MOST_ELEMENTS = 1500;
/** Deeper trees are not made: layout recurses. */
const DEEPEST = 60;

/** Commands that notes and answers have and the library has not. */
const MACROS = {
  '\\mbox': '\\text',
  '\\*': '*',
  '\\abs': '\\left|#1\\right|',
  '\\norm': '\\left\\|#1\\right\\|',
  '\\mathbbm': '\\mathbb',
  '\\R': '\\mathbb{R}',
  '\\N': '\\mathbb{N}',
  '\\Z': '\\mathbb{Z}',
  '\\Q': '\\mathbb{Q}',
  '\\C': '\\mathbb{C}',
};
/** @type {Record<string, string>} */
const SIGNS = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** @type {typeof import('temml').default} */
let temml;

/** Load the library; rejects where it is not installed. */
export async function load() {
  temml = (await import('../vendor/temml.js')).default;
}

/** The tree of a formula without its delimiters; undefined for one that is wrong, or too much. @param {string} content @param {boolean} display @returns {MathTree | undefined} */
export function treeOf(content, display) {
  const known = content.replace(
    /\\(begin|end)\{eqnarray\*?\}/g,
    (_, way) => `\\${way}{darray}${way === 'begin' ? '{rcl}' : ''}`,
  );
  const safe = withoutHazards(known);
  return read(known, display) ?? (safe === known ? undefined : read(safe, display));
}

/** Amounts of money have a sign that ends mathematics, and a page's source has references. @param {string} content */
const withoutHazards = (content) =>
  content
    .replace(/(?<!\\)\$(?=\s?\d)/g, '\\$')
    .replace(/&(?:lt|gt|amp);/g, (reference) => SIGNS[reference]);

/** @param {string} content @param {boolean} display @returns {MathTree | undefined} */
function read(content, display) {
  try {
    const root = temml.__renderToMathMLTree(content, {
      displayMode: display,
      throwOnError: true,
      trust: false,
      maxExpand: MOST_EXPANSIONS,
      maxSize: LONGEST_LENGTHS,
      macros: { ...MACROS },
      wrap: display ? 'none' : 'tex',
    });
    let elements = 0;
    const [tree] = plain(root, 0, () => ++elements <= MOST_ELEMENTS);
    return tree;
  } catch {
    return undefined; // its errors, and a stack that is too deep
  }
}

/** A link or a picture is no part of a formula; what has no name of its own is only a row. @param {any} node of Temml @param {number} depth @param {() => boolean} hasRoom @returns {MathTree[]} */
function plain(node, depth, hasRoom) {
  if (!hasRoom() || depth > DEEPEST || 'href' in node || 'src' in node)
    throw new RangeError('too much');
  if (typeof node.text === 'string') return [{ text: node.text }];
  const { type, attributes = {}, classes = [], style = {}, children = [] } = node;
  const kids = children.flatMap((/** @type {any} */ kid) => plain(kid, depth + 1, hasRoom));
  if (!type) return kids;
  const names = classes.filter(Boolean);
  return [{ tag: type, attributes: { ...attributes }, classes: names, style: { ...style }, kids }];
}
