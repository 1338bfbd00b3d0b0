// Conversations as files: JSON holds everything, Markdown is for reading, and both can be imported again.

import { importedSources, textWithSources } from './citations.js';
import { fileRefs } from './file-refs.js';
import { isAnswer, newAnswer, newQuestion, uuid } from './message.js';

/** @import { Answer, ConversationData, Message } from '../types.js' */

const FORMAT = 'claude-sse';
/** Stands before each message; within a text it gets one more backslash. */
const MARK = /^<!-- (\\*)claude-sse (user|assistant) -->$/gm;

/** @param {ConversationData[]} conversations */
export function toJson(conversations) {
  const all = conversations.map(({ meta, messages }) => ({ ...meta, messages }));
  return JSON.stringify({ format: FORMAT, version: 1, conversations: all }, null, 2);
}

/** @param {ConversationData} conversation */
export function toMarkdown({ meta, messages }) {
  const parts = messages
    .filter((message) => message.text || (message.role === 'user' && message.files))
    .map((message) => {
      const { role } = message;
      const text = textIn(message);
      const name = role === 'user' ? 'You' : 'Claude';
      const escaped = text.replace(MARK, '<!-- $1\\claude-sse $2 -->');
      return `<!-- claude-sse ${role} -->\n## ${name}\n\n${escaped}\n`;
    });
  return [`# ${meta.title}\n`, ...parts].join('\n');
}

/** A file is named; the JSON has what is in it. @param {Message} message */
function textIn(message) {
  if (isAnswer(message)) return textWithSources(message);
  const names = (message.files ?? []).map(({ name }) => `> Attached: ${name}\n`).join('');
  return names ? `${names}\n${message.text}` : message.text;
}

/** Return the conversations in a file of either kind; throw an error with a sentence if there are none. @param {string} file */
export function fromFile(file) {
  const found = file.trimStart().startsWith('{') ? fromJson(file) : [fromMarkdown(file)];
  if (!found.some(({ messages }) => messages.length))
    throw new Error('There is no conversation in this file.');
  return found;
}

/** @param {string} file @returns {ConversationData[]} */
function fromJson(file) {
  let all;
  try {
    all = JSON.parse(file);
  } catch {
    throw new Error('This file is incomplete: it cannot be read as JSON.');
  }
  if (all.format !== FORMAT || !Array.isArray(all.conversations))
    throw new Error('This file was not exported here.');
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

/** With new ids throughout: what is stored already stays as it is. @param {any} conversation @param {any[]} messages @returns {ConversationData} */
function imported({ title, at, system }, messages) {
  const now = Date.now();
  const meta = {
    id: uuid(),
    title: textOf(title) || 'Imported',
    at: Number(at) || now,
    touched: now,
    ...(textOf(system) && { system }),
  };
  return {
    meta,
    messages: messages.flatMap((message, i) => importedMessage(message, now + i, meta.id)),
  };
}

/** @param {any} message @param {number} n @param {string} conversation @returns {Message[]} */
function importedMessage(message, n, conversation) {
  const text = textOf(message?.text);
  const at = Number(message?.at) || n;
  if (message?.role === 'user')
    return [{ ...newQuestion(text, at, fileRefs(message.files)), n, conversation }];
  if (message?.role !== 'assistant') return [];
  return [{ ...newAnswer(at), n, conversation, text, ...answerFields(message) }];
}

/** What an imported answer keeps; it has ended, so that nothing is asked again. @param {any} message @returns {Partial<Answer>} */
function answerFields(message) {
  const { state, model, usage, stopReason, firstMs, lastMs, thoughtMs, replaced } = message;
  return {
    thinking: textOf(message.thinking),
    state: ['stopped', 'interrupted'].includes(state) ? state : 'done',
    accepted: true,
    replaced: replaced === true,
    ...importedSources(message),
    ...(textOf(model) && { model }),
    ...(textOf(stopReason) && { stopReason }),
    ...(usage && { usage: only(usage, 'number', 'boolean') }),
    ...only({ firstMs, lastMs, thoughtMs }, 'number'),
  };
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
