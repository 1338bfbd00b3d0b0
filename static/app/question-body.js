// What is sent for an answer; the code for files is loaded where there are some.

import { filesOf } from '../model/request.js';
import { TIMING, backoff, pause } from '../network/retry.js';
import { unreachable } from '../network/stream-error.js';
import { load } from '../system/parts.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer } from '../types.js' */

/** Return the body, which has the same bytes each time; '' if the signal fires first. @param {Conversation} conversation @param {Answer} answer @param {AbortSignal} signal @returns {Promise<BodyInit>} */
export async function bodyFor(conversation, answer, signal) {
  const request = conversation.request(answer);
  if (!filesOf(request.messages).length) return JSON.stringify(request);
  const part = await loaded(signal);
  return part ? part.bodyWithFiles(conversation, answer) : '';
}

/** Without a connection it is waited for, as the question itself would be. @param {AbortSignal} signal */
async function loaded(signal) {
  for (let failures = 0; !signal.aborted;) {
    const part = await load('app/sent-files.js').catch(() => undefined);
    if (part) return part;
    if (navigator.onLine) failures += 1;
    if (failures >= TIMING.puts) throw unreachable();
    await pause(backoff(Math.max(failures, 1), TIMING), { signal });
  }
  return undefined;
}
