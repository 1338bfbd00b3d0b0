// Conversations as files: JSON holds everything, Markdown what is shown, for reading; both can be imported again.

import { say } from '../system/words.js';
import { importedSources, textWithSources } from './citations.js';
import { fileRefs } from './file-refs.js';
import { ImportedPlaces } from './imported-places.js';
import { isAnswer, newAnswer, newQuestion, uuid } from './message.js';

/** @import { Answer, ConversationData, ImportedData, Message, Meta, Problem } from '../types.js' */

const FORMAT = 'claude-sse';
/** In version 1 a conversation was a list of messages; each knows the one before it since version 2. */
const VERSION = 2;
const ENDED = ['done', 'stopped', 'interrupted', 'error'];
/** Stands before each message; within a text it gets one more backslash. */
const MARK = /^<!-- (\\*)claude-sse (user|assistant) -->$/gm;

/** @param {ConversationData[]} conversations */
export function toJson(conversations) {
  const all = conversations.map(({ meta, all: messages }) => ({ ...meta, messages }));
  return JSON.stringify({ format: FORMAT, version: VERSION, conversations: all }, null, 2);
}

/** Only the versions that are shown are in it. @param {ConversationData} conversation */
export function toMarkdown({ meta, messages }) {
  const parts = messages
    .filter((message) => message.text || (message.role === 'user' && message.files))
    .map((message) => {
      const { role } = message;
      const text = textIn(message);
      const name = role === 'user' ? say('export.you') : 'Claude';
      const escaped = text.replace(MARK, '<!-- $1\\claude-sse $2 -->');
      return `<!-- claude-sse ${role} -->\n## ${name}\n\n${escaped}\n`;
    });
  return [`# ${meta.title}\n`, ...parts].join('\n');
}

/** A file is named; the JSON has what is in it. @param {Message} message */
function textIn(message) {
  if (isAnswer(message)) return textWithSources(message);
  const names = (message.files ?? [])
    .map(({ name }) => `> ${say('export.attached', { file: name })}\n`)
    .join('');
  return names ? `${names}\n${message.text}` : message.text;
}

/** Return the conversations in a file of either kind; throw an error with a sentence if there are none. @param {string} file */
export function fromFile(file) {
  const found = file.trimStart().startsWith('{') ? fromJson(file) : [fromMarkdown(file)];
  if (!found.some(({ all }) => all.length)) throw new Error(say('export.none'));
  return found;
}

/** @param {string} file @returns {ImportedData[]} */
function fromJson(file) {
  let all;
  try {
    all = JSON.parse(file);
  } catch {
    throw new Error(say('export.incomplete'));
  }
  if (all.format !== FORMAT || !Array.isArray(all.conversations))
    throw new Error(say('export.foreign'));
  if (all.version > VERSION) throw new Error(say('export.newer'));
  return all.conversations.map((/** @type {any} */ one) =>
    imported(one, Array.isArray(one.messages) ? one.messages : []),
  );
}

/** @param {string} file */
function fromMarkdown(file) {
  const text = file.replace(/\r\n?/g, '\n');
  const marks = [...text.matchAll(MARK)].filter(([, slashes]) => !slashes);
  const messages = marks.map((mark, i) => ({
    role: mark[2],
    text: text
      .slice(mark.index + mark[0].length, marks[i + 1]?.index)
      .replace(/^\n## .*\n\n/, '')
      .replace(i + 1 < marks.length ? /\n\n$/ : /\n$/, '')
      .replace(MARK, (_, slashes, role) => `<!-- ${slashes.slice(1)}claude-sse ${role} -->`),
  }));
  return imported({ title: /^# (.*)\n/.exec(text)?.[1] }, messages);
}

/** With new ids and moments throughout: what is stored already stays as it is. @param {any} conversation @param {any[]} messages @returns {ImportedData} */
function imported({ title, at, chosen, pinned, archived, renamed, ...own }, messages) {
  const now = Date.now();
  const known = messages.filter((one) => one?.role === 'user' || one?.role === 'assistant');
  const places = new ImportedPlaces(known, chosen, now);
  /** @type {Meta} */
  const meta = {
    id: uuid(),
    title: textOf(title) || say('export.untitled'),
    at: Number(at) || now,
    touched: now,
    chosen: places.chosen,
    ...ownOf(own),
    ...only({ pinned, archived }, 'number'),
    ...(renamed === true && { renamed }),
  };
  return { meta, all: known.map((message, i) => importedMessage(message, places.of(i), meta.id)) };
}

/** What belongs to a conversation: its instructions, and what answers in it. @param {any} own @returns {Partial<Meta>} */
function ownOf({ system, model, effort, webSearch }) {
  return {
    ...(textOf(system) && { system }),
    ...only({ model, effort }, 'string'),
    ...only({ webSearch }, 'boolean'),
  };
}

/** @param {any} message @param {any} place @param {string} conversation @returns {Message} */
function importedMessage(message, place, conversation) {
  const text = textOf(message.text);
  const at = Number(message.at) || place.n;
  if (message.role === 'user')
    return { ...newQuestion(text, at, '', fileRefs(message.files)), ...place, conversation };
  return { ...newAnswer(at), ...place, conversation, text, ...answerFields(message) };
}

/** What an imported answer keeps; it has ended, so that nothing is asked again. @param {any} message @returns {Partial<Answer>} */
function answerFields(message) {
  const { state, model, usage, stopReason, firstMs, lastMs, thoughtMs, problem } = message;
  return {
    thinking: textOf(message.thinking),
    state: state === 'streaming' ? 'interrupted' : ENDED.includes(state) ? state : 'done',
    accepted: true,
    ...importedSources(message),
    ...(textOf(problem?.message) && { problem: problemFrom(problem) }),
    ...(textOf(model) && { model }),
    ...(textOf(stopReason) && { stopReason }),
    ...(usage && { usage: only(usage, 'number', 'boolean') }),
    ...only({ firstMs, lastMs, thoughtMs }, 'number'),
  };
}

/** @param {any} problem @returns {Problem} */
function problemFrom({ message, code, retryable }) {
  return { message, code: textOf(code), retryable: retryable !== false };
}

/** @param {unknown} value */
function textOf(value) {
  return typeof value === 'string' ? value : '';
}

/** The fields of these types. @param {Record<string, unknown>} fields @param {string[]} types */
function only(fields, ...types) {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => types.includes(typeof value)),
  );
}
