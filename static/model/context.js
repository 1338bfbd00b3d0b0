// How much of what a model can read a conversation fills: what Claude counted of it last, and an estimate of what has
// been written since.

import { isAnswer } from './message.js';

/** @import { Answer, FileRef, Message } from '../types.js' */

const CHARACTERS_OF_A_TOKEN = 3.5;
/** Claude's numbers for files (platform.claude.com, Vision and PDF support). */
const PIXELS_OF_A_TOKEN = 750;
const MOST_OF_AN_IMAGE = 5000;
const TOKENS_OF_A_PAGE = 2500;
const BYTES_OF_A_PAGE = 100_000;
const READ = ['input_tokens', 'cache_creation_input_tokens', 'cache_read_input_tokens'];

/**
 * Return the tokens that the next question has, with all that leads to it.
 *
 * @param {Message[]} messages that lead to it
 * @param {{ text: string, files: FileRef[], system?: string }} draft the question, and its instructions
 */
export function contextOf(messages, { text, files, system = '' }) {
  const last = messages.findLastIndex((message) => isAnswer(message) && isCounted(message));
  const counted = last < 0 ? estimate(system) : countOf(/** @type {Answer} */ (messages[last]));
  const since = messages.slice(last + 1).map(sizeOf);
  return [counted, ...since, estimate(text), ...files.map(sizeOfFile)].reduce((a, b) => a + b, 0);
}

/** What a search found is counted each time that Claude reads it, and is not sent again. @param {Answer} answer */
function isCounted({ usage = {}, searches }) {
  return read(usage) > 0 && !usage.web_search_requests && !searches?.length;
}

/** Thinking is not sent again. @param {Answer} answer */
function countOf({ usage = {} }) {
  const { output_tokens: written = 0, thinking_tokens: thought = 0 } = usage;
  return read(usage) + Math.max(0, written - thought);
}

/** @param {Record<string, any>} usage */
const read = (usage) => READ.reduce((sum, name) => sum + (Number(usage[name]) || 0), 0);

/** @param {Message} message */
function sizeOf(message) {
  const files = isAnswer(message) ? [] : (message.files ?? []);
  return files.map(sizeOfFile).reduce((a, b) => a + b, estimate(message.text));
}

/** Other scripts than Latin take about a token for each character. @param {string} text */
function estimate(text) {
  const others = text.length - text.replace(/[^\0-\u024f]+/g, '').length;
  return Math.ceil((text.length - others) / CHARACTERS_OF_A_TOKEN + others);
}

/** @param {FileRef} file */
function sizeOfFile({ kind, size, width = 1000, height = 1000, pages }) {
  if (kind === 'image') return Math.min(MOST_OF_AN_IMAGE, (width * height) / PIXELS_OF_A_TOKEN);
  if (kind === 'pdf') return (pages ?? Math.ceil(size / BYTES_OF_A_PAGE)) * TOKENS_OF_A_PAGE;
  return size / CHARACTERS_OF_A_TOKEN;
}
