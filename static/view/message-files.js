// The files of a question that was asked.

import { say } from '../system/words.js';
import { loadStyle } from './attaching.js';
import { make } from './dom.js';
import { chipFor, release } from './file-chip.js';

/** @import { FileRef } from '../types.js' */

/** Show the files before the text; return what takes them off the page. @param {Element} text @param {FileRef[]} refs */
export async function showFiles(text, refs) {
  await loadStyle();
  const list = make('ul', { className: 'attached', ariaLabel: say('composer.attached') });
  list.append(...refs.map((ref) => chipFor(ref)));
  text.before(list);
  return () => {
    for (const chip of list.children) release(chip);
    list.remove();
  };
}
