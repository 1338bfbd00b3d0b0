// What is sent for an answer, and the files in it.

import { turnsOf } from './message.js';

/** @import { Answer, Message, Turn } from '../types.js' */

/** Return what to send after these messages; answers about documents cite them. @param {Answer} answer @param {Message[]} before */
export function requestFor(answer, before) {
  const messages = turnsOf(before);
  if (documentsOf(messages).length) answer.ask = { ...answer.ask, citations: true };
  return { messages, ...answer.ask };
}

/** Return the files of these turns, in the order in which they are sent. @param {Turn[]} turns */
export function filesOf(turns) {
  return turns.flatMap(({ content }) =>
    typeof content === 'string'
      ? []
      : content.flatMap((part) => ('file' in part ? [part.file] : [])),
  );
}

/** Return the documents that are sent in these turns, as citations count them. @param {Turn[]} turns @param {number} [leftOut] */
export function documentsOf(turns, leftOut = 0) {
  return filesOf(turns)
    .slice(leftOut)
    .filter(({ kind }) => kind !== 'image');
}
