// From a tree of MathML to elements: those, and the attributes and styles, that formulas need, and no others. Nothing
// here makes a link, an id, a picture, a colour or a place outside of the formula.

/** @import { MathTree } from '../types.js' */

const NAMESPACE = 'http://www.w3.org/1998/Math/MathML';
const ELEMENTS = new Set(
  (
    'math mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace msqrt mstyle msub ' +
    'msubsup msup mtable mtd mtext mtr munder munderover none menclose'
  ).split(' '),
);
const FLAG = /^(?:true|false)$/;
/** Nothing is much larger than what stands around it. */
const LENGTH = {
  test: (/** @type {string} */ value) =>
    /^[-+]?[\d.]{1,10}(?:em|ex|px|pt|%|width|height)?$/.test(value) &&
    Math.abs(parseFloat(value)) <= 100,
};
const WORD = /^[a-z- ]{1,60}$/;
const ATTRIBUTES = new Map(
  Object.entries({
    accent: FLAG,
    accentunder: FLAG,
    columnalign: WORD,
    columnlines: WORD,
    columnspan: /^\d{1,2}$/,
    depth: LENGTH,
    display: /^(?:block|inline)$/,
    displaystyle: FLAG,
    fence: FLAG,
    form: WORD,
    height: LENGTH,
    largeop: FLAG,
    linethickness: LENGTH,
    lspace: LENGTH,
    mathvariant: WORD,
    maxsize: LENGTH,
    minsize: LENGTH,
    movablelimits: FLAG,
    notation: WORD,
    rowlines: WORD,
    rspace: LENGTH,
    scriptlevel: /^[-+]?\d$/,
    separator: FLAG,
    stretchy: FLAG,
    symmetric: FLAG,
    voffset: LENGTH,
    width: LENGTH,
  }),
);
const PADDING = /^[\d.]{1,8}(?:em|ex|px|pt)?$/;
const BORDER = /^[\d.]{1,6}(?:em|px|pt)? (?:solid|dashed)$/;
const STYLES = new Map(
  Object.entries({
    border: BORDER,
    borderBottom: BORDER,
    borderLeft: BORDER,
    borderRight: BORDER,
    borderTop: BORDER,
    fontWeight: /^bold$/,
    padding: PADDING,
    paddingBottom: PADDING,
    paddingLeft: PADDING,
    paddingRight: PADDING,
    paddingTop: PADDING,
    width: /^(?:50|100)%$/,
  }),
);
/** Those with a rule in markdown.css. */
const CLASSES = new Set(
  'tml-left tml-right tml-cancel tml-xcancel upstrike downstrike sout tml-jot tml-overline tml-underline chr-sml chr-med chr-lrg chr-sml-vec chr-med-vec chr-lrg-vec'.split(
    ' ',
  ),
);

/** The element of a tree, or undefined where it has what no formula needs. @param {MathTree} tree @param {Document} document @param {string} alttext for readers who cannot see the elements */
export function mathElement(tree, document, alttext) {
  try {
    const element = create(tree, document);
    if (element.nodeType !== 1 || element.nodeName.toLowerCase() !== 'math') return undefined;
    /** @type {Element} */ (element).setAttribute('alttext', alttext);
    return /** @type {Element} */ (element);
  } catch {
    return undefined;
  }
}

/** @param {MathTree} tree @param {Document} document @returns {Element | Text} */
function create(tree, document) {
  if ('text' in tree) return document.createTextNode(tree.text);
  const { tag, attributes, classes, style, kids } = tree;
  if (!ELEMENTS.has(tag)) throw new TypeError(`<${tag}> is no part of a formula`);
  const element = /** @type {MathMLElement} */ (document.createElementNS(NAMESPACE, tag));
  for (const name in attributes)
    if (ATTRIBUTES.get(name)?.test(attributes[name])) element.setAttribute(name, attributes[name]);
  const known = classes.filter((name) => CLASSES.has(name));
  if (known.length) element.setAttribute('class', known.join(' '));
  for (const name in style)
    if (STYLES.get(name)?.test(style[name])) Object.assign(element.style, { [name]: style[name] });
  element.append(...kids.map((kid) => create(kid, document)));
  return element;
}
