// A question that the server or Claude refuses goes back to the reader; of one that is too long with a way on.

import { turnsFrom } from '../model/shortened.js';
import { isTooLong } from '../network/stream-error.js';
import { say } from '../system/words.js';
import { renamePlace, shownPlace } from '../view/dom.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Problem } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/**
 * The question itself must change: the reader has it again, and its conversation is as it was before. Return whether
 * that is possible.
 *
 * @param {ChatController} chat
 * @param {Conversation} conversation
 * @param {Answer} answer
 * @param {Problem} problem
 */
export function takeBack(chat, conversation, answer, problem) {
  if (conversation !== chat.current || chat.questions.isLeft) return false;
  if (!conversation.canWithdraw(answer)) return false;
  const from = turnsFrom(conversation.sent(answer));
  chat.questions.takeBack(answer);
  if (!conversation.all.length) discard(chat, conversation);
  if (!isTooLong(problem)) chat.composer.notice = problem.message;
  else if (from === undefined) chat.composer.notice = sentenceFor('question', problem);
  else offerWays(chat, sentenceFor('conversation', problem), from);
  return true;
}

/** It would be empty in the list: it is new again. @param {ChatController} chat @param {Conversation} conversation */
function discard(chat, { meta }) {
  chat.conversations.discard(meta);
  if (shownPlace() === meta.id) {
    renamePlace('new');
    chat.composer.assignId('');
  }
  chat.refresh();
}

/** @param {ChatController} chat @param {string} sentence @param {number} from */
function offerWays(chat, sentence, from) {
  chat.composer.offer(sentence, {
    [say('refusal.new')]: ({ text, files }) => {
      chat.go('new');
      return chat.questions.send({ text, files });
    },
    [say('refusal.last-turns')]: (asked) => chat.questions.send(asked, from),
  });
}

/** @param {'question' | 'conversation'} what @param {Problem} problem */
function sentenceFor(what, { code }) {
  return say(`refusal.${what}-${code === 'too_long' ? 'too-long' : 'too-large'}`);
}
