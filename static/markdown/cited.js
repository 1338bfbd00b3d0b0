// The number of a source in an answer's text: it leads to its entry in the list below (view/sources.js).

import { MARK, SPACE, numberOf, raisedAt } from '../system/source-mark.js';
import { say } from '../system/words.js';
import { branch, leaf } from './vdom.js';

/** @import { MarkdownExtension } from '../types.js' */

/** @type {MarkdownExtension} */
export const citations = {
  name: 'citations',
  inline: {
    [SPACE](text, at) {
      if (!text.startsWith(MARK, at)) return undefined;
      const digits = raisedAt(text, at + MARK.length);
      if (!digits) return undefined;
      const end = at + MARK.length + digits.length;
      return { type: 'cite', raw: SPACE + digits, text: SPACE + digits, end };
    },
  },
  draw: {
    /** No <button>, for the text of one is not selected with the words around it. */
    cite({ text }) {
      const number = numberOf(text.slice(1));
      const label = say('search.source', { number });
      const attributes = { class: 'cite', role: 'button', tabindex: '0', 'aria-label': label };
      return branch('span', { ...attributes, 'data-cited': `${number}` }, [leaf(text)]);
    },
  },
};
