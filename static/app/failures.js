// How an answer ends that could not be read to its end: with a sentence, and with what can be done about it.

import { StreamError, problemOf } from '../network/stream-error.js';
import { say } from '../system/words.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Problem } from '../types.js' */
/**
 * @typedef {{
 *   onSignedOut: () => void,
 *   onRejected: (conversation: Conversation, answer: Answer, problem: Problem) => Promise<boolean>,
 * }} Ways `onRejected`: the question itself must change; returns whether it went back to the reader.
 */

/** Statuses by which the server says that the question itself must change. */
const REJECTED = [400, 409, 413, 414, 415, 422];
/** What would fail again with the same frames. */
const FINAL = ['protocol', 'fault'];

/** End this answer, unless it goes on later: after the reader has signed in, or once it is stopped. @param {Conversation} conversation @param {Answer} answer @param {unknown} error @param {Ways} ways */
export async function endFailed(conversation, answer, error, ways) {
  try {
    const known = error instanceof StreamError ? error : faultOf(error);
    if (known.code === 'sign_in') ways.onSignedOut();
    else if (!answer.stopping && answer.state === 'streaming')
      await fail(conversation, answer, known, ways);
  } catch (fault) {
    conversation.fail(answer, problemOf(faultOf(fault)));
  }
}

/** Return the error for the reader of what should never happen; the console has what it was. @param {unknown} error */
function faultOf(error) {
  console.error(error);
  return new StreamError(say('answer.fault'), { code: 'fault', retryable: true });
}

/** @param {Conversation} conversation @param {Answer} answer @param {StreamError} error @param {Ways} ways */
async function fail(conversation, answer, error, { onRejected }) {
  const { code, status } = error;
  if (answer.accepted && status === 404) {
    const expired = say('answer.expired');
    conversation.fail(answer, { message: expired, code: 'interrupted', retryable: true });
  } else if (answer.accepted && !FINAL.includes(code) && status !== 400) {
    conversation.update(answer, { phase: 'lost', problem: problemOf(error) });
  } else if (status === 404) {
    const unsent = say('answer.unsent');
    conversation.fail(answer, { message: unsent, code: 'no_connection', retryable: true });
  } else if (
    !REJECTED.includes(status) ||
    !(await onRejected(conversation, answer, problemOf(error)))
  ) {
    conversation.fail(answer, problemOf(error));
  }
}
