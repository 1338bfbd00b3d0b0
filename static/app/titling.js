// A better title once the first answer is there: where a greeting was all that there was, of what the answer is about;
// and by a model, where the server has one for it. A title that the reader has chosen stays.

import { isGreeting, titleFrom, titleOfAnswer } from '../model/title.js';
import { follow } from '../network/stream.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

const INSTRUCTIONS =
  'Reply with a title for the conversation that you are given: two to six words that say what it is about, in the ' +
  'language of the question, without quotation marks, Markdown or a full stop. Reply with nothing else, and do not ' +
  'answer the question.';
/** Of the question and of the answer: a title needs their beginnings. */
const CHARACTERS = 1500;
const PATIENCE_MS = 60_000;
/** Once refused is refused: the title is not worth a second request. */
const TIMING = { puts: 1, busyPuts: 0, gets: 2 };
/** The answers for which a title was asked for. @type {Set<string>} */
const asked = new Set();

/** @param {ChatController} chat @param {Conversation} conversation @param {Answer} answer which has ended */
export async function entitle(chat, conversation, answer) {
  const { meta } = conversation;
  const question = conversation.questionOf(answer)?.text ?? '';
  const isFirst = conversation.allAnswers.length === 1;
  if (asked.has(answer.id) || meta.renamed || !answer.text) return;
  asked.add(answer.id);
  if (isGreeting(meta.title)) name(chat, conversation, titleOfAnswer(answer.text));
  const model = document.body.dataset.titleModel;
  const { title } = meta;
  if (!model || !isFirst) return;
  const written = await titleBy(model, question, answer).catch(() => '');
  if (meta.title === title) name(chat, conversation, titleFrom(written)); // or it was renamed meanwhile
}

/** @param {ChatController} chat @param {Conversation} conversation @param {string} title */
function name(chat, { meta }, title) {
  if (!title || meta.renamed || !chat.conversations.has(meta.id)) return;
  chat.conversations.update(meta, { title });
  chat.refresh();
}

/** Return what the model replies; throw where it cannot be asked. @param {string} model @param {string} question @param {Answer} answer */
async function titleBy(model, question, answer) {
  const content = `Question:\n${question.slice(0, CHARACTERS)}\n\nAnswer:\n${answer.text.slice(0, CHARACTERS)}`;
  const body = JSON.stringify({
    system: INSTRUCTIONS,
    model,
    max_tokens: Number(document.body.dataset.titleTokens),
    messages: [{ role: 'user', content: content.replace(/\p{Surrogate}/gu, '\ufffd') }],
  });
  const url = new URL(`${document.body.dataset.streams ?? ''}${idOf(answer)}`, document.baseURI);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let text = '';
  for await (const event of follow(url.href, { body, signal, timing: TIMING })) {
    if (event.type !== 'frame' || event.data === '[DONE]') continue;
    if (event.data.error) throw new Error('no title');
    text += event.data.text ?? '';
  }
  return signal.aborted ? '' : text;
}

/** Made of the answer's, so that another tab, or the page loaded again, joins the same request. @param {Answer} answer */
function idOf({ id }) {
  const last = (Number.parseInt(id.slice(-1), 16) ^ 8).toString(16);
  return id.slice(0, -1) + last;
}
