// One conversation of claude.ai's export (`conversations.json`), also as its own page has it: `chat_messages` with
// blocks of content. Their parents make a tree since exports have them; before, they are a list.

import { draftMessage } from './draft.js';
import { ordered } from './ordered.js';
import { fenced, isObject, listOf, momentOf, paragraphs, sourceOf, textOf } from './pieces.js';

/** @import { Draft, DraftMessage } from './draft.js' */
/** @import { Notes } from './notes.js' */

export const MOST_MESSAGES = 100_000;
/** Blocks that hold nothing that was said. */
const EMPTY = ['token_budget', 'flag'];

/** @param {unknown} raw */
export const isClaudeAi = (raw) => isObject(raw) && Array.isArray(raw.chat_messages);

/** @param {Record<string, any>} raw @param {Notes} notes @returns {Draft} */
export function claudeAiDraft(raw, notes) {
  const known = keyed(raw.chat_messages.filter(isObject), notes);
  const broken = raw.chat_messages.length - raw.chat_messages.filter(isObject).length;
  if (broken) notes.add('broken', { count: broken });
  const ids = [...known.keys()];
  const isTree = ids.some((id) => known.has(textOf(known.get(id)?.parent_message_uuid)));
  const before = new Map(ids.map((id, i) => [id, ids[i - 1]]));
  const places = isTree
    ? ordered(ids, (id) => textOf(known.get(id)?.parent_message_uuid))
    : ordered(ids, (id) => before.get(id));
  return {
    source: 'claude.ai',
    id: textOf(raw.uuid) || JSON.stringify([raw.name, raw.created_at, ids[0]]),
    title: textOf(raw.name),
    at: momentOf(raw.created_at),
    touched: momentOf(raw.updated_at),
    system: '',
    chosen: textOf(raw.current_leaf_message_uuid),
    messages: places.map(({ id, parent }) => messageOf(known.get(id) ?? {}, id, parent, notes)),
  };
}

/** The messages by their ids; two with the same both stay. @param {Record<string, any>[]} messages @param {Notes} notes */
function keyed(messages, notes) {
  /** @type {Map<string, Record<string, any>>} */
  const known = new Map();
  if (messages.length > MOST_MESSAGES)
    notes.add('beyond', { count: messages.length - MOST_MESSAGES });
  for (const [i, message] of messages.slice(0, MOST_MESSAGES).entries()) {
    const id = textOf(message.uuid) || `no ${i}`;
    known.set(known.has(id) ? `${id} ${i}` : id, message);
  }
  return known;
}

/** @param {Record<string, any>} raw @param {string} id @param {string} parent @param {Notes} notes @returns {DraftMessage} */
function messageOf(raw, id, parent, notes) {
  const role = raw.sender === 'assistant' ? 'assistant' : 'user';
  const message = draftMessage(id, parent, role, momentOf(raw.created_at));
  if (role === 'user' && raw.sender !== 'human') notes.add('senders', { name: textOf(raw.sender) });
  for (const block of listOf(raw.content)) addBlock(message, block, notes);
  if (!message.text.trim() && !listOf(raw.content).some(isTool)) message.text = textOf(raw.text);
  addFiles(message, raw, notes);
  if (role === 'user' && message.thinking) {
    message.text = paragraphs(message.text, message.thinking);
    message.thinking = '';
  }
  return message;
}

/** @param {unknown} block */
const isTool = (block) => isObject(block) && block.type !== 'text';

/** @param {DraftMessage} message @param {any} block @param {Notes} notes */
function addBlock(message, block, notes) {
  if (!isObject(block)) {
    if (typeof block === 'string') message.text = paragraphs(message.text, block);
    else if (block !== null) notes.add('broken');
    return;
  }
  const { type } = block;
  if (type === 'text') addText(message, block);
  else if (type === 'thinking') think(message, textOf(block.thinking));
  else if (type === 'tool_use') addToolUse(message, block);
  else if (type === 'tool_result') think(message, resultOf(block));
  else if (type === 'voice_note')
    addText(message, { text: paragraphs(textOf(block.title), textOf(block.text)) });
  else if (type === 'image' && isObject(block.source) && textOf(block.source.data))
    message.files.push({ name: 'image', data: block.source.data, isImage: true });
  else if (!EMPTY.includes(type)) {
    notes.add('unknown', { name: textOf(type) });
    message.text = paragraphs(message.text, sourceOf(block));
  }
}

/** @param {DraftMessage} message @param {Record<string, any>} block */
function addText(message, { text, citations }) {
  const from = message.text.trim() ? message.text.length + 2 : 0;
  message.text = paragraphs(message.text, textOf(text));
  for (const citation of listOf(citations)) {
    const { url } = Object(citation?.details);
    if (!textOf(url)) continue;
    let source = message.sources.findIndex((one) => one.url === url);
    if (source < 0) {
      const title = textOf(citation.title) || textOf(citation.details.title);
      source = message.sources.push({ url, title, number: message.sources.length + 1 }) - 1;
    }
    const end = Number.isSafeInteger(citation.end_index) ? citation.end_index : Infinity;
    const at = Math.max(0, Math.min(from + end, message.text.length));
    message.citations.push({ at, source });
  }
}

/** What Claude made (an artifact, a file) belongs to the answer; how it went about it, to its thinking. @param {DraftMessage} message @param {Record<string, any>} block */
function addToolUse(message, { name, input }) {
  const { title, content, language, type, path, file_text: file } = Object(input);
  if (name === 'artifacts' && textOf(content))
    made(message, textOf(title), content, language || (type === 'text/markdown' && 'markdown'));
  else if (textOf(file)) made(message, textOf(path), file, /\.(\w+)$/.exec(textOf(path))?.[1]);
  else think(message, `**${textOf(name) || 'tool'}**\n\n${sourceOf(input)}`);
}

/** @param {DraftMessage} message @param {string} title @param {string} content @param {unknown} language */
function made(message, title, content, language) {
  const heading = title.trim() && `**${title.trim()}**`;
  message.text = paragraphs(message.text, heading, fenced(content, language));
}

/** @param {DraftMessage} message @param {string} text */
function think(message, text) {
  message.thinking = paragraphs(message.thinking, text);
}

/** @param {Record<string, any>} block */
function resultOf({ content }) {
  if (typeof content === 'string') return fenced(content);
  const parts = listOf(content).map((part) =>
    isObject(part) && typeof part.text === 'string' ? fenced(part.text) : sourceOf(part),
  );
  return paragraphs(...parts);
}

/** Files with their text, and such as are only named: an archive may hold those. @param {DraftMessage} message @param {Record<string, any>} raw @param {Notes} notes */
function addFiles(message, { attachments, files }, notes) {
  const seen = new Set();
  for (const one of [...listOf(attachments), ...listOf(files)]) {
    if (!isObject(one)) {
      notes.add('broken');
      continue;
    }
    const name = textOf(one.file_name) || 'file';
    const text = textOf(one.extracted_content);
    const asset = textOf(one.file_uuid) || textOf(one.id) || name;
    const isImage = /^image|\.(?:png|jpe?g|gif|webp)$/i.test(textOf(one.file_kind) || name);
    if (!text && seen.has(name)) continue; // it is listed in both
    seen.add(name);
    message.files.push(text ? { name, text } : { name, asset, isImage });
  }
}
