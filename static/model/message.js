// What a conversation consists of: questions and answers, the turns that they are to Claude, and what the
// reader can do about an answer.

import { say } from '../system/words.js';

/** @import { Answer, FileRef, Message, Question, Remedy, RequestOptions, Turn } from '../types.js' */

/** Faults of the server's set-up: the same question succeeds once they are fixed. */
const FIXABLE = [
  'authentication',
  'permission',
  'billing',
  'budget',
  'model_not_found',
  'no_key',
  'forbidden',
  'unauthorized',
  'protocol',
  'setting',
];

/** What can be asked without the older files. */
const LEAVABLE = ['too_many_files', 'files_gone'];

/** What "Continue" asks: the last message must be the user's, so the answer cannot simply be prefilled. */
export const CONTINUE =
  'Continue exactly where your last answer stopped, without repeating any of it.';

/** `parent` is the id of the message before it; '' where there is none. @param {string} text @param {number} at @param {string} [parent] @param {FileRef[]} [files] @returns {Question} */
export function newQuestion(text, at, parent = '', files = []) {
  const question = { id: uuid(), parent, text, at, n: at, conversation: '' };
  return { role: 'user', ...question, ...(files.length && { files }) };
}

/** @param {number} at @param {RequestOptions} [ask] @returns {Answer} */
export function newAnswer(at, ask = {}, parent = '') {
  return {
    role: 'assistant',
    id: uuid(),
    parent,
    at,
    n: at,
    conversation: '',
    ask,
    text: '',
    thinking: '',
    state: 'streaming',
    phase: 'waiting',
    delay: 0,
    lastEventId: 0,
    accepted: false,
    stopping: false,
  };
}

/** Return what is sent to Claude of these messages: alternating turns that say something. @param {Message[]} messages */
export function turnsOf(messages) {
  /** @type {Turn[]} */
  const turns = [];
  for (const message of messages) {
    if (isBlank(message)) continue;
    const { role } = message;
    const content = contentOf(message);
    const previous = turns.at(-1);
    if (previous?.role === role)
      previous.content = joined(previous.content, content); // a question that got no answer
    else turns.push({ role, content });
  }
  return turns;
}

/** The text, or a list where there are files: these first, as Claude reads them best. @param {Message} message */
function contentOf(message) {
  const text = wellFormed(message.text);
  if (isAnswer(message) || !message.files?.length) return text;
  return [...message.files.map((file) => ({ file })), ...(text.trim() ? [{ text }] : [])];
}

/** @param {Turn['content']} before @param {Turn['content']} content */
function joined(before, content) {
  if (typeof before === 'string' && typeof content === 'string') return `${before}\n\n${content}`;
  return [before, content].flatMap((one) => (typeof one === 'string' ? [{ text: one }] : one));
}

/** Replace halves of surrogate pairs, which are not text and which the server refuses. @param {string} text */
function wellFormed(text) {
  return text.replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Return what the reader can do about an answer that did not end as expected; the best first. @param {Answer} answer @returns {Remedy[]} */
export function remedies({ state, phase, text, stopReason, problem, stopping }) {
  if (stopping) return [];
  if (state === 'streaming') return phase === 'lost' ? ['reconnect'] : [];
  if (state === 'done') {
    if (stopReason === 'model_context_window_exceeded') return ['new'];
    if (stopReason === 'refusal') return ['edit'];
    return stopReason === 'max_tokens' && text.trim() ? ['continue'] : [];
  }
  if (LEAVABLE.includes(problem?.code ?? '')) return ['leave-out', 'new'];
  if (state === 'error' && !problem?.retryable) {
    const canRetry = problem && (FIXABLE.includes(problem.code) || text.trim());
    return canRetry ? ['retry'] : ['edit'];
  }
  return text.trim() ? ['continue', 'retry'] : ['retry'];
}

/** Return how an answer ended and the sensible next step, where that needs a sentence. @param {Answer} answer */
export function explain({ state, stopReason, text }) {
  if (state !== 'done') return '';
  switch (stopReason) {
    case 'max_tokens':
      return text.trim() ? say('answer.cut') : say('answer.only-thoughts');
    case 'refusal':
      return say('answer.refused');
    case 'model_context_window_exceeded':
      return say('answer.full');
    default:
      return '';
  }
}

/** @param {Message} message @returns {message is Answer} */
export function isAnswer(message) {
  return message.role === 'assistant';
}

/** Return whether the message is empty: Claude refuses those. @param {Message} message */
export function isBlank(message) {
  return message.text.trim() === '' && !(message.role === 'user' && message.files?.length);
}

/** A version 4 UUID; `crypto.randomUUID` exists only on https and localhost. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
