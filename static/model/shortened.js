// What is too long for the server or for Claude, and which turns are sent then: the last ones, half as much.

/** @import { Message, Problem } from '../types.js' */

/** The codes of our server and of Claude; a proxy in front of them says it by the status alone. */
const TOO_LONG = ['too_large', 'too_long'];

/** What a message counts at least: it may have files, too. */
const LEAST_CHARACTERS = 500;

/** Return whether there is more than the server or Claude takes. @param {Pick<Problem, 'code' | 'status'>} problem */
export function isTooLong({ code, status }) {
  return status === 413 || TOO_LONG.includes(code);
}

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
