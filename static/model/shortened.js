// Which turns are sent where all of them are too long: the last ones, half as much as was refused.

/** @import { Message } from '../types.js' */

/** What a message counts at least: it may have files, too. */
const LEAST_CHARACTERS = 500;

/** @param {Message} message */
const size = ({ text }) => Math.max(LEAST_CHARACTERS, text.length);

/**
 * Return `n` of the first of them, of these messages up to the question; undefined if that is the only one.
 *
 * @param {Message[]} sent
 * @returns {number | undefined}
 */
export function turnsFrom(sent) {
  if (sent.length < 2) return undefined;
  let left = sent.reduce((sum, message) => sum + size(message), 0) / 2;
  let from = sent[sent.length - 2].n + 1;
  for (const message of [...sent].reverse()) {
    left -= size(message);
    if (left < 0) break;
    if (message.role === 'user') from = message.n;
  }
  return from;
}
