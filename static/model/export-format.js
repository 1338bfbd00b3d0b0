// Conversations as files: JSON holds everything, Markdown is for reading, and both can be taken in again.

import { isAnswer, newAnswer, newQuestion, uuid } from './message.js';

/** @import { Message, Whole } from '../types.js' */

const FORMAT = 'claude-sse';
/** Stands before each message; within a text it gets a backslash more. */
const MARK = /^<!-- (\\*)claude-sse (user|assistant) -->$/gm;

/** @param {Whole[]} conversations */
export function toJson(conversations) {
  const all = conversations.map(({ meta, messages }) => ({ ...meta, messages }));
  return JSON.stringify({ format: FORMAT, version: 1, conversations: all }, null, 2);
}

/** @param {Whole} conversation */
export function toMarkdown({ meta, messages }) {
  const parts = messages
    .filter(({ text }) => text)
    .map(({ role, text }) => {
      const name = role === 'user' ? 'You' : 'Claude';
      return `<!-- claude-sse ${role} -->\n## ${name}\n\n${text.replace(MARK, '<!-- $1\\claude-sse $2 -->')}\n`;
    });
  return [`# ${meta.title}\n`, ...parts].join('\n');
}

/** The conversations in a file of either kind; throws a sentence where there are none. @returns {Whole[]} */
export function fromFile(file) {
  const found = file.trimStart().startsWith('{') ? fromJson(file) : [fromMarkdown(file)];
  if (!found.some(({ messages }) => messages.length))
    throw new Error('There is no conversation in this file.');
  return found;
}

/** @returns {Whole[]} */
function fromJson(file) {
  let all;
  try {
    all = JSON.parse(file);
  } catch {
    throw new Error('This file is not whole: it cannot be read as JSON.');
  }
  if (all.format !== FORMAT || !Array.isArray(all.conversations))
    throw new Error('This file was not exported here.');
  return all.conversations.map((one) =>
    whole(one, Array.isArray(one.messages) ? one.messages : []),
  );
}

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
  return whole({ title: /^# (.*)\n/.exec(text)?.[1] }, messages);
}

/** New ids throughout: what is here already stays as it is. @param {any} one @returns {Whole} */
function whole({ title, at, system }, messages) {
  const now = Date.now();
  const meta = {
    id: uuid(),
    title: words(title) || 'Imported',
    at: Number(at) || now,
    touched: now,
    ...(words(system) && { system }),
  };
  return { meta, messages: messages.flatMap((message, i) => taken(message, now + i, meta.id)) };
}

/** @returns {Message[]} */
function taken(message, n, conversation) {
  const text = words(message?.text);
  const at = Number(message?.at) || n;
  if (message?.role === 'user') return [{ ...newQuestion(text, at), n, conversation }];
  if (message?.role !== 'assistant') return [];
  const { model, usage, stopReason, firstMs, lastMs, thoughtMs, replaced } = message;
  const counts = Object.fromEntries(
    Object.entries(usage ?? {}).filter(([, value]) => ['number', 'boolean'].includes(typeof value)),
  );
  const answer = {
    ...newAnswer(at),
    n,
    conversation,
    text,
    thinking: words(message.thinking),
    accepted: true,
    replaced: replaced === true,
  };
  return [
    Object.assign(answer, {
      state: ['stopped', 'interrupted'].includes(message.state) ? message.state : 'done',
      ...(words(model) && { model }),
      ...(words(stopReason) && { stopReason }),
      ...(usage && { usage: counts }),
      ...numbers({ firstMs, lastMs, thoughtMs }),
    }),
  ].filter(isAnswer);
}

function words(value) {
  return typeof value === 'string' ? value : '';
}

function numbers(values) {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => typeof value === 'number'),
  );
}
