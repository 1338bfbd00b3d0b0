// The final blocks: each is drawn as it stays, and drawn again only when a later definition completes it. A list or
// table of which more items or rows follow leaves a continuation.

import { blocks } from './blocks.js';
import { lex } from './lexer.js';
import { continuationOf, finished, loosen, removeUnfinished, withHeld } from './long-blocks.js';
import { References } from './references.js';

/** @import { BlockOutput } from './block-output.js' */
/** @import { Branch, Continuation, Settled } from '../types.js' */

export class SettledBlocks {
  references = new References();
  /** The list or table that the text after the settled one goes on with. @type {Continuation | undefined} */
  continuation;
  #output;

  /** @param {BlockOutput} output */
  constructor(output) {
    this.#output = output;
  }

  /**
   * Draw a text as it stays, until a definition completes it. `shown` is what is on the page of it and of the text
   * after it; `growing`: more items or rows of its block follow; `open`: more lines of its last fence follow; `isEnd`: nothing does.
   * @param {string} raw @param {Branch[]} shown @param {{ growing?: boolean, open?: boolean, isEnd?: boolean }} [more]
   * @returns {{ final: Branch[], rest: Branch[] }} the trees of this text, and those on the page after it
   */
  settle(raw, shown, { growing = false, open = false, isEnd = false } = {}) {
    const { references, continuation } = this;
    const lexed = lex(raw, references.links, { isEnd });
    const tokens = growing ? finished(lexed.tokens) : lexed.tokens;
    const final = blocks(tokens, shown, '', continuation);
    const last = final.length - 1;
    const unfinished = growing ? removeUnfinished(shown[last], final[last]) : [];
    this.#output.show(shown.slice(0, final.length), final);
    const rest = shown.slice(final.length);
    if (!open) {
      this.#output.offer(final);
      references.remember({ raw, growing, isEnd, continuation, trees: final });
    }
    if (continuation && tokens[0]?.loose) loosen(continuation);
    this.continuation = growing ? continuationOf(tokens[0], continuation, final) : undefined;
    if (this.continuation?.open) rest.unshift(withHeld(final[last], unfinished));
    references.define(lexed.links);
    return { final, rest };
  }

  /** Draw again what mentions a label that has been defined after it, until `isSpent`; returns whether all is complete. @param {() => boolean} isSpent */
  complete(isSpent) {
    const { incomplete } = this.references;
    for (const block of incomplete) {
      if (isSpent()) break;
      incomplete.delete(block);
      this.#drawAgain(block);
    }
    return !incomplete.size;
  }

  /** @param {Settled} block */
  #drawAgain(block) {
    const { isEnd } = block;
    const { tokens } = lex(block.raw, this.references.links, { isEnd });
    const completed = blocks(block.growing ? finished(tokens) : tokens, [], '', block.continuation);
    this.#output.show(block.trees, completed);
    block.trees = completed;
  }
}
