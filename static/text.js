// Text that only grows, in chunks of its own: a single text node is laid out anew, whole, at each addition
// (26 ms a frame at 5,000 lines). The newline between two chunks is their boundary.

import { branch, grow, insert, leaf } from './tree.js';

/** @import { Branch } from './types.js' */

const CHUNK_CHARACTERS = 4000;

/** Returns what writes at the end of an element, in the tree and, when it is there, on the page. @param {Branch} parent */
export function writer(parent) {
  let chunk;
  let newline = ''; // the last one is held back: it ends a line and begins none

  const put = (text) => {
    if (!text) return;
    if (!chunk) insert(parent, branch('span', {}, [(chunk = leaf(''))]));
    grow(chunk, text);
  };

  return (more) => {
    let text = newline + more;
    newline = text.endsWith('\n') ? '\n' : '';
    text = text.slice(0, text.length - newline.length);
    for (let at; (at = boundary(text, chunk?.text ?? '')) >= 0; text = text.slice(at + 1)) {
      put(text.slice(0, at));
      chunk = undefined;
    }
    put(text);
  };
}

/** Where a chunk is full; after an empty line the boundary would swallow that. */
function boundary(text, before) {
  let at = text.indexOf('\n', CHUNK_CHARACTERS - before.length);
  while (at >= 0 && '\n'.includes((at ? text[at - 1] : before.at(-1)) ?? '')) at = text.indexOf('\n', at + 1);
  return at;
}

/** Returns what shows a text in this element, given the whole of it each time. @param {Element} node */
export function growingText(node) {
  node.replaceChildren();
  const write = writer({ ...branch(''), node });
  let length = 0;
  return (whole) => {
    write(whole.slice(length));
    length = whole.length;
  };
}
