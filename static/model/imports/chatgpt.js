// One conversation of ChatGPT's export (`conversations.json`): a tree of nodes in `mapping`. A node is a question, a
// piece of an answer (a text, a thought, a tool's call or its result), or nothing that was said.
//
//   question ─ [hidden] ─ thoughts ─ tool call ─ result ─ text     one answer, of four nodes
//            └ text                                                another version of it

import { MOST_MESSAGES } from './claude-ai.js';
import { piecesOf } from './chatgpt-content.js';
import { draftMessage } from './draft.js';
import { ordered } from './ordered.js';
import { isObject, listOf, momentOf, paragraphs, textOf } from './pieces.js';

/** @import { Draft, DraftMessage } from './draft.js' */
/** @import { Pieces } from './chatgpt-content.js' */
/** @import { Notes } from './notes.js' */
/** @typedef {{ id: string, isForked: boolean }} Place the message at a node, and whether others also follow on it */

/** @param {unknown} raw */
export const isChatGpt = (raw) => isObject(raw) && isObject(raw.mapping);

/** @param {Record<string, any>} raw @param {Notes} notes @returns {Draft} */
export function chatGptDraft(raw, notes) {
  const thread = new Thread(notes);
  const nodes = nodesOf(raw.mapping, notes);
  const parents = parentsOf(nodes);
  const places = ordered([...nodes.keys()], (id) => parents.get(id));
  /** @type {Map<string, number>} */
  const followers = new Map();
  for (const { parent } of places) followers.set(parent, (followers.get(parent) ?? 0) + 1);
  for (const { id, parent } of places)
    thread.add(id, parent, nodes.get(id), (followers.get(parent) ?? 0) > 1);
  return {
    source: 'chatgpt',
    id:
      textOf(raw.conversation_id) || textOf(raw.id) || JSON.stringify([raw.title, raw.create_time]),
    title: textOf(raw.title),
    at: momentOf(raw.create_time),
    touched: momentOf(raw.update_time),
    system: paragraphs(...thread.system),
    chosen: thread.placeOf(textOf(raw.current_node)),
    messages: thread.messages,
  };
}

/** @param {Record<string, any>} mapping @param {Notes} notes */
function nodesOf(mapping, notes) {
  const all = Object.entries(mapping);
  if (all.length > MOST_MESSAGES) notes.add('beyond', { count: all.length - MOST_MESSAGES });
  const some = all.slice(0, MOST_MESSAGES);
  const broken = some.filter(([, node]) => !isObject(node)).length;
  if (broken) notes.add('broken', { count: broken });
  return new Map(some.filter(([, node]) => isObject(node)));
}

/** A node names its parent; where it does not, a parent may name it. @param {Map<string, Record<string, any>>} nodes */
function parentsOf(nodes) {
  /** @type {Map<string, string>} */
  const parents = new Map();
  for (const [id, { children }] of nodes)
    for (const child of listOf(children)) if (typeof child === 'string') parents.set(child, id);
  for (const [id, { parent }] of nodes)
    if (typeof parent === 'string' && nodes.has(parent)) parents.set(id, parent);
  return parents;
}

/** The messages so far, and at which of them each node stands. */
class Thread {
  /** @type {DraftMessage[]} */
  messages = [];
  /** Instructions and what was remembered of the reader. @type {Set<string>} */
  system = new Set();
  /** @type {Map<string, DraftMessage>} */
  #byId = new Map();
  /** @type {Map<string, Place>} */
  #places = new Map();
  #notes;

  /** @param {Notes} notes */
  constructor(notes) {
    this.#notes = notes;
  }

  /** Return the id of the message that this node belongs to. @param {string} node */
  placeOf(node) {
    return this.#places.get(node)?.id ?? '';
  }

  /** @param {string} id @param {string} parent @param {any} node @param {boolean} isFork */
  add(id, parent, node, isFork) {
    const before = this.#places.get(parent) ?? { id: '', isForked: false };
    const isForked = isFork || before.isForked;
    const { message } = node;
    const pieces = isObject(message) ? piecesOf(message, this.#notes) : undefined;
    if (message && !isObject(message)) this.#notes.add('broken');
    for (const text of pieces?.system ?? []) this.system.add(text);
    if (!pieces || isEmpty(pieces)) return void this.#places.set(id, { id: before.id, isForked });
    const last = this.#byId.get(before.id);
    const goesOn = pieces.role === 'assistant' && last?.role === 'assistant' && !isForked;
    const target = goesOn
      ? last
      : this.#begin(id, before.id, pieces, momentOf(message.create_time));
    this.#join(target, pieces);
    this.#places.set(id, { id: target.id, isForked: false });
  }

  /** @param {string} id @param {string} parent @param {Pieces} pieces @param {number} at */
  #begin(id, parent, { role }, at) {
    const message = draftMessage(id, parent, role, at);
    this.messages.push(message);
    this.#byId.set(id, message);
    return message;
  }

  /** @param {DraftMessage} message @param {Pieces} pieces */
  #join(message, { text, thinking, model, files, sources, citations }) {
    const from = message.text.trim() && text.trim() ? message.text.length + 2 : 0;
    message.text = paragraphs(message.text, text);
    message.thinking = paragraphs(message.thinking, thinking);
    message.model ??= model;
    const shift = message.sources.length;
    message.sources.push(...sources.map((one, i) => ({ ...one, number: shift + i + 1 })));
    message.citations.push(
      ...citations.map(({ at, source }) => ({ at: from + at, source: shift + source })),
    );
    if (message.role === 'user') message.files.push(...files);
    else for (const file of files) this.#giveToQuestion(message, file);
  }

  /** An image that was made for a question is kept with it: answers have no files here. @param {DraftMessage} answer @param {Pieces['files'][number]} file */
  #giveToQuestion(answer, file) {
    let question = this.#byId.get(answer.parent);
    while (question && question.role !== 'user') question = this.#byId.get(question.parent);
    if (!question) return this.#notes.add('missing', { name: file.name });
    question.files.push(file);
    answer.text = paragraphs(answer.text, `*[${file.name}]*`);
  }
}

/** @param {Pieces} pieces */
const isEmpty = ({ text, thinking, files }) => !text.trim() && !thinking.trim() && !files.length;
