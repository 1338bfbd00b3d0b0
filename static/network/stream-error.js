// Why a stream could not be read: the server's own sentence, or ours where the server could not speak.

import { now } from '../system/time.js';
import { say, sentenceOf } from '../system/words.js';

/** @import { Problem } from '../types.js' */

/** The codes of our server and of Claude; a proxy in front of them says it by the status alone. */
const TOO_LONG = ['too_large', 'too_long'];

/** The failure of a stream; its message is a sentence for the reader. */
export class StreamError extends Error {
  code = 'error';
  /** The HTTP status of a refusal; 0 where there was no response. */
  status = 0;
  retryable = false;
  /** @type {number | undefined} in seconds */
  retryAfter;
  /** @type {string | undefined} */
  requestId;

  /** @param {string} message @param {Partial<StreamError>} fields */
  constructor(message, fields) {
    super(message);
    Object.assign(this, fields);
  }
}

/**
 * Return the error that a response other than a stream stands for, in the server's own words where it has any.
 *
 * @param {Response} response
 */
export async function refusalOf(response) {
  const { status } = response;
  /** @type {Record<string, any>} */
  const body = await response.json().catch(() => ({}));
  const header = Number.parseFloat(response.headers.get('Retry-After') ?? '');
  const retryAfter = body.retry_after ?? (Number.isNaN(header) ? undefined : header);
  if (typeof body.error === 'string') {
    const { code = 'error', retryable = false, request_id: requestId } = body;
    const sentence = sentenceOf(body.error, body.code, retryAfter);
    return new StreamError(sentence, { code, status, retryable, retryAfter, requestId });
  }
  const retryable = status >= 500 || status === 429;
  return new StreamError(sentenceFor(response), {
    code: 'no_answer',
    status,
    retryable,
    retryAfter,
  });
}

/** @param {Response} response */
function sentenceFor({ type, status }) {
  if (status === 413) return say('network.too-long'); // a proxy's, before ours
  return type === 'opaqueredirect'
    ? say('network.elsewhere')
    : say('network.unexpected', { status: String(status) });
}

/** @param {string} sentence */
export function unreadable(sentence) {
  return new StreamError(sentence, { code: 'protocol', retryable: true });
}

export function unreachable() {
  return new StreamError(say('page.unreachable'), {
    code: 'no_connection',
    retryable: true,
  });
}

export function connectionLost() {
  return new StreamError(say('network.lost'), {
    code: 'connection_lost',
    retryable: true,
  });
}

/** Return what an answer keeps of the error. @param {StreamError} error @returns {Problem} */
export function problemOf({ message, code, status, retryable, requestId, retryAfter }) {
  const retryAt = retryAfter && now() + retryAfter * 1000;
  return { message, code, status, retryable, requestId, ...(retryAt && { retryAt }) };
}

/** Return whether there is more than the server or Claude takes. @param {Pick<Problem, 'code' | 'status'>} problem */
export function isTooLong({ code, status }) {
  return status === 413 || TOO_LONG.includes(code);
}
