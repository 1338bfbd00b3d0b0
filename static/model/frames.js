// What a frame of a stream changes in its answer.

import { sentenceOf } from '../system/words.js';
import { citedBy } from './citations.js';

/** @import { Answer, Data, FileRef, Problem } from '../types.js' */

/**
 * Return the changes that a frame with text or with a note makes.
 *
 * @param {Answer} answer
 * @param {Data} data
 * @param {number} ms since the question
 * @param {() => FileRef[]} [documents] those of the question
 * @returns {Partial<Answer>}
 */
export function changesOf(answer, data, ms, documents = () => []) {
  const { model, usage, stop_reason: stopReason, waiting } = data;
  /** @type {Partial<Answer>} */
  const changes = { ...(model && { model }), ...(stopReason && { stopReason }) };
  if (usage) changes.usage = usage;
  if (waiting !== undefined) Object.assign(changes, { phase: 'retrying', delay: waiting });
  if (data.thinking) Object.assign(changes, thought(answer, data.thinking, ms));
  if (data.text) Object.assign(changes, written({ ...answer, ...changes }, data.text, ms));
  return Object.assign(changes, citedBy({ ...answer, ...changes }, data, documents));
}

/** @param {Answer} answer @param {string} thinking @param {number} ms @returns {Partial<Answer>} */
function thought(answer, thinking, ms) {
  const thoughtAt = answer.thoughtAt ?? ms;
  return { phase: 'thinking', thinking: answer.thinking + thinking, thoughtAt };
}

/** @param {Answer} answer @param {string} text @param {number} ms @returns {Partial<Answer>} */
function written(answer, text, ms) {
  const { thoughtAt, thoughtMs, firstMs = ms } = answer;
  return {
    phase: 'writing',
    text: answer.text + text,
    firstMs,
    lastMs: ms,
    ...(thoughtAt !== undefined && { thoughtMs: thoughtMs ?? ms - thoughtAt }),
  };
}

/**
 * Return the problem that an error frame tells of.
 *
 * @param {Data} data
 * @param {number} now in ms, by the monotonic clock
 * @returns {Problem}
 */
export function problemOf(data, now) {
  const { error, code = 'error', retryable = false, request_id: requestId } = data;
  const message = sentenceOf(error, data.code, data.retry_after);
  const retryAt = data.retry_after && now + data.retry_after * 1000;
  return { message, code, retryable, requestId, ...(retryAt && { retryAt }) };
}
