// What is sent to Claude for an answer: alternating turns that say something.

import { isAnswer, isBlank } from './message.js';

/** @import { Message, Turn } from '../types.js' */

/** Return the turns that these messages amount to. @param {Message[]} messages */
export function turnsOf(messages) {
  /** @type {Turn[]} */
  const turns = [];
  for (const message of messages) {
    if (isBlank(message) || (isAnswer(message) && message.replaced)) continue;
    const { role } = message;
    const content = wellFormed(message.text);
    const previous = turns.at(-1);
    if (previous?.role === role)
      previous.content += `\n\n${content}`; // a question that got no answer
    else turns.push({ role, content });
  }
  return turns;
}

/** Replace halves of surrogate pairs, which are not text and which the server refuses. @param {string} text */
function wellFormed(text) {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}
