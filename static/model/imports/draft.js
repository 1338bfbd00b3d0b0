// A conversation on its way in: what the readers of foreign exports find becomes our own records, with ids that are
// the same each time.

import { importedSources } from '../citations.js';
import { newAnswer, newQuestion } from '../message.js';
import { stableId } from './pieces.js';

/** @import { ImportedData, Message } from '../../types.js' */
/**
 * @typedef {{ name: string, text?: string, data?: string, asset?: string, isImage?: boolean }} WantedFile
 *   its text, its bytes in base64, or the id of one in the archive
 * @typedef {{
 *   id: string, parent: string, role: 'user' | 'assistant', at: number, text: string, thinking: string,
 *   model?: string, files: WantedFile[], sources: any[], citations: any[],
 * }} DraftMessage
 * @typedef {{
 *   source: string, id: string, title: string, at: number, touched: number, system: string, chosen: string,
 *   messages: DraftMessage[],
 * }} Draft `messages`: each after its parent; `chosen`: the id of the last one that was shown
 * @typedef {{ message: Message, files: WantedFile[] }} Wanting
 */

const TITLE_CHARACTERS = 60;

/** @param {string} id @param {string} parent @param {'user' | 'assistant'} role @param {number} at @returns {DraftMessage} */
export function draftMessage(id, parent, role, at) {
  return { id, parent, role, at, text: '', thinking: '', files: [], sources: [], citations: [] };
}

/** Return the records, and which of them want files. @param {Draft} draft @returns {ImportedData & { wanting: Wanting[] }} */
export function recordsOf(draft) {
  const conversation = stableId(draft.source, draft.id);
  const idOf = (/** @type {string} */ id) => id && stableId(draft.source, draft.id, id);
  /** @type {Map<string, number>} */
  const moments = new Map();
  /** The last one after each. @type {Map<string, number>} */
  const versions = new Map();
  let [last, touched] = [0, draft.touched];
  /** @type {Wanting[]} */
  const wanting = [];
  const all = draft.messages.map((one) => {
    const before = moments.get(one.parent) ?? 0;
    const at = one.at || before || draft.at || draft.touched || 1;
    const n = Math.max(at, before + 1, (versions.get(one.parent) ?? 0) + 1); // asked at one time, in this order
    moments.set(one.id, n);
    versions.set(one.parent, n);
    [last, touched] = [Math.max(last, n), Math.max(touched, one.at)];
    const place = { id: idOf(one.id), parent: idOf(one.parent), n, conversation };
    const message = messageOf(one, at, place);
    if (one.files.length) wanting.push({ message, files: one.files });
    return message;
  });
  const at = draft.at || draft.messages.find((one) => one.at)?.at || touched || Date.now();
  const meta = {
    id: conversation,
    title: titleOf(draft),
    at,
    touched: touched || at,
    ...(draft.system && { system: draft.system }),
    ...(moments.has(draft.chosen) && { chosen: { [idOf(draft.chosen)]: last + 1 } }),
  };
  return { meta, all, wanting };
}

/** @param {DraftMessage} one @param {number} at @param {{ id: string, parent: string, n: number, conversation: string }} place @returns {Message} */
function messageOf({ role, text, thinking, model, sources, citations }, at, place) {
  if (role === 'user') return { ...newQuestion(text, at), ...place };
  return {
    ...newAnswer(at),
    ...place,
    text,
    thinking,
    state: 'done',
    accepted: true,
    ...(model && { model }),
    ...(sources.length && importedSources({ sources, citations })),
  };
}

/** @param {Draft} draft */
function titleOf({ title, messages }) {
  const first = messages.find(({ role, text }) => role === 'user' && text.trim())?.text ?? '';
  const line = (title.trim() || first.trim()).replace(/\s+/g, ' ');
  return line.length > TITLE_CHARACTERS && !title.trim()
    ? `${line.slice(0, TITLE_CHARACTERS).trim()}…`
    : line;
}
