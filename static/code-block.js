// A block of code: its language, a Copy button, and the text in chunks of 100 lines. A single growing text
// node is laid out anew, whole, at each addition: 26 ms a frame at 5,000 lines.

import { branch, grow, insert, leaf } from './tree.js';

/** @import { Branch, Leaf } from './markdown-types.js' */

export const CHUNK_LINES = 100;

/** @param {string} language @param {string} text whole lines */
export function codeBlock(language, text) {
  const code = branch('code', language ? { 'data-language': language } : {});
  codeWriter(code)(text);
  return branch('div', { class: 'code' }, [
    branch('div', { class: 'code-head' }, [
      branch('span', {}, [leaf(language)]),
      branch('button', { type: 'button', 'data-action': 'copy-code' }, [leaf('Copy')]),
    ]),
    // It scrolls sideways, so the keyboard must get there.
    branch('pre', { tabindex: '0', role: 'group', 'aria-label': `Code ${language}`.trim() }, [code]),
  ]);
}

/** The `<code>` of a block of code; undefined for any other block. @param {Branch} block */
export function codeOf({ attributes, kids }) {
  return attributes.class === 'code' ? /** @type {any} */ (kids[1]).kids[0] : undefined;
}

/** The source that a Copy button stands for, as it was written. @param {Element} button */
export function sourceOfCode(button) {
  const chunks = button.closest('.code')?.querySelectorAll('code > span') ?? [];
  return Array.from(chunks, (chunk) => chunk.textContent).join('\n');
}

/** Returns what writes at the end of a `<code>`, in the tree and, when it is there, on the page. @param {Branch} code */
export function codeWriter(code) {
  /** @type {Leaf | undefined} */
  let chunk;
  let lines = 0;
  let newline = ''; // the last one is held back: it ends a line and begins none

  /** @param {string} text */
  const put = (text) => {
    if (!text) return;
    if (!chunk) insert(code, branch('span', {}, [(chunk = leaf(''))]));
    grow(/** @type {Leaf} */ (chunk), text);
  };

  return (/** @type {string} */ more) => {
    const text = newline + more;
    newline = text.endsWith('\n') ? '\n' : '';
    const end = text.length - newline.length;
    let start = 0;
    for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) {
      // The newline between two chunks is their boundary; after an empty line it would swallow that.
      const last = at > start ? text[at - 1] : chunk?.text.at(-1);
      if (++lines < CHUNK_LINES || !last || last === '\n') continue;
      put(text.slice(start, at));
      chunk = undefined;
      lines = 0;
      start = at + 1;
    }
    put(text.slice(start, end));
  };
}
