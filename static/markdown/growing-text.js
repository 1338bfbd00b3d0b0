// Text that only grows, in chunks: the browser lays out a single text node again, whole, at each addition. The newline between two chunks is their boundary; a line that is longer than a
// chunk stands in parts, side by side.

import { branch, grow, insert, leaf } from './vdom.js';

/** @import { Branch, Leaf } from '../types.js' */

const CHUNK_CHARACTERS = 4000;
/** Without a newline to end at, a chunk ends here. */
const PART_CHARACTERS = 8000;

/** Returns what writes at the end of an element, in the tree and, when it is there, on the page. @param {Branch} parent */
export function writer(parent) {
  /** @type {Branch | undefined} */
  let chunk;
  let before = ''; // what the chunk holds
  let newline = ''; // the last one is held back: it ends a line and begins none

  const put = (/** @type {string} */ text) => {
    if (!text) return;
    if (!chunk) insert(parent, (chunk = branch('span', {}, [leaf('')])));
    grow(/** @type {any} */ (chunk.kids[0]), text);
    before += text;
  };

  const begin = (/** @type {Branch | undefined} */ next) => {
    if (next) insert(parent, next);
    [chunk, before] = [next, ''];
  };

  return (/** @type {string} */ more) => {
    let text = newline + more;
    newline = text.endsWith('\n') ? '\n' : '';
    text = text.slice(0, text.length - newline.length);
    for (;;) {
      const at = boundary(text, before);
      const part = PART_CHARACTERS - before.length;
      if (at >= 0 && at <= part) {
        put(text.slice(0, at));
        begin(undefined);
        text = text.slice(at + 1);
      } else if (text.length > part) {
        const end = part - (isHalf(text, part) ? 1 : 0);
        put(text.slice(0, end));
        if (chunk) label(chunk, 'class', 'part');
        begin(branch('span', { class: 'part', 'data-joined': '' }, [leaf('')]));
        text = text.slice(end);
      } else {
        return put(text);
      }
    }
  };
}

/** Where a chunk is full; after an empty line the boundary would swallow that line. @param {string} text @param {string} before */
function boundary(text, before) {
  let at = text.indexOf('\n', CHUNK_CHARACTERS - before.length);
  while (at >= 0 && '\n'.includes((at ? text[at - 1] : before.at(-1)) ?? ''))
    at = text.indexOf('\n', at + 1);
  return at;
}

/** Whether a cut at this position would split a character. @param {string} text @param {number} at */
const isHalf = (text, at) => /[\ud800-\udbff]/.test(text[at - 1] ?? '');

/** @param {Branch} branch @param {string} name @param {string} value */
function label(branch, name, value) {
  branch.attributes[name] = value;
  branch.node?.setAttribute(name, value);
}

/** What stands before this chunk in its text. @param {Element} chunk */
export const separatorBefore = (chunk) =>
  !chunk.previousElementSibling || chunk.hasAttribute('data-joined') ? '' : '\n';

/** The text of an element that a writer has filled, as it was written. @param {Element} element */
export function writtenIn(element) {
  return Array.from(element.children, (chunk) => separatorBefore(chunk) + chunk.textContent).join(
    '',
  );
}

/** Returns what shows a text in this element, given the whole of it each time. @param {Element} node */
export function growingText(node) {
  node.replaceChildren();
  const write = writer({ ...branch(''), node });
  let length = 0;
  return (/** @type {string} */ whole) => {
    write(whole.slice(length));
    length = whole.length;
  };
}

/** Where the line of this number ends, 0 where there are fewer. @param {string} text @param {number} number */
export function endOfLine(text, number) {
  let end = 0;
  for (let n = 0; n < number; n++) if (!(end = text.indexOf('\n', end) + 1)) return 0;
  return end;
}

/** A paragraph beyond all bounds stands in pieces: the browser lays out a paragraph again, whole, as it grows. */
const PIECE_CHARACTERS = 4000;
const LONGEST_PIECE = 4200;

/** Returns what writes pieces that end after a space, where there is one. @param {Branch} parent */
export function pieceWriter(parent) {
  /** @type {Leaf | undefined} */
  let piece;
  return (/** @type {string} */ text) => {
    while (text) {
      if (!piece) insert(parent, branch('span', { class: 'piece' }, [(piece = leaf(''))]));
      const [end, full] = endOfPiece(text, piece.text.length);
      grow(piece, text.slice(0, end));
      if (full) piece = undefined;
      text = text.slice(end);
    }
  };
}

/** How much of this text belongs to a piece of this length, and whether the piece is then full. @param {string} text @param {number} length @returns {[number, boolean]} */
function endOfPiece(text, length) {
  const from = Math.max(0, PIECE_CHARACTERS - length);
  const room = LONGEST_PIECE - length;
  const space = text.slice(from, room).search(/\s/);
  if (space >= 0) return [from + space + 1, true];
  if (text.length < room) return [text.length, false];
  return [room > 1 && isHalf(text, room) ? room - 1 : room, true];
}
