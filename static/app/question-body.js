// What is sent for an answer; the code for files is loaded where there are some.

import { filesOf } from '../model/request.js';
import { load } from '../system/parts.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer } from '../types.js' */

/** Return the body, which has the same bytes each time. @param {Conversation} conversation @param {Answer} answer @returns {Promise<BodyInit>} */
export async function bodyFor(conversation, answer) {
  const request = conversation.request(answer);
  if (!filesOf(request.messages).length) return JSON.stringify(request);
  const { bodyWithFiles } = await load('app/sent-files.js');
  return bodyWithFiles(conversation, answer);
}
