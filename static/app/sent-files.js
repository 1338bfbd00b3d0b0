// The files that go out with a question: those of the whole conversation, as far as one question can carry them.

import { tooMany, tooMuch } from '../model/file-limits.js';
import { files } from '../model/files.js';
import { filesOf } from '../model/request.js';
import { FileGone, bodyOf } from '../model/request-body.js';
import { StreamError } from '../network/stream-error.js';
import { Late } from '../system/time.js';
import { say } from '../system/words.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, FileRef } from '../types.js' */

/**
 * Return the body for this answer. Where its files are too much together, those of earlier questions are left out if
 * the reader has agreed to that once in this conversation; otherwise throw the sentence that asks for it. Likewise
 * where the browser has lost a file of an earlier question: without that no other could be asked.
 *
 * @param {Conversation} conversation
 * @param {Answer} answer
 */
export async function bodyWithFiles(conversation, answer) {
  const request = conversation.request(answer);
  const all = filesOf(request.messages);
  const question = conversation.questionOf(answer);
  const needed = question?.role === 'user' ? (question.files?.length ?? 0) : 0;
  const problem = tooMuch(all, maxBody());
  if (problem && answer.leftOut === undefined) {
    if (!conversation.meta.leavesOut) throw tooLarge(problem);
    conversation.update(answer, { leftOut: tooMany(all, maxBody(), needed) });
  }
  try {
    return await bodyOf(request, (id) => files.blob(id), answer.leftOut);
  } catch (error) {
    if (error instanceof Late)
      throw new StreamError(say('file.late'), { code: 'file_late', retryable: true });
    if (!(error instanceof FileGone)) throw error;
    const leftOut = await upToGone(all.slice(0, all.length - needed));
    if (leftOut <= (answer.leftOut ?? 0))
      throw new StreamError(error.message, { code: 'file_gone' });
    if (!conversation.meta.leavesOut) throw gone(all[leftOut - 1]);
    conversation.update(answer, { leftOut });
    return bodyWithFiles(conversation, answer);
  }
}

/** Return how many of these files, the oldest first, must be left out because the last of them is gone. @param {FileRef[]} earlier */
async function upToGone(earlier) {
  const all = await Promise.all(earlier.map(({ id }) => files.blob(id).catch(() => null)));
  return all.lastIndexOf(undefined) + 1;
}

/** What a body may have, in bytes. */
function maxBody() {
  return Number(document.body.dataset.maxBody);
}

/** @param {FileRef} file */
function gone({ name }) {
  return new StreamError(say('refusal.files-gone', { file: name }), { code: 'files_gone' });
}

/** @param {string} problem */
function tooLarge(problem) {
  const sentence = say('refusal.files', { problem });
  return new StreamError(sentence, { code: 'too_many_files' });
}
