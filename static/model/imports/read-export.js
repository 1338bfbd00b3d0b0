// Reads what people take home from somewhere: the archive of an export of claude.ai or ChatGPT, the JSON in it, or a
// file of ours. What a file is says its content, not its name. Conversations are yielded one by one, each with its
// files; what could not be taken is noted, and stops nothing else.

import { fromFile } from '../export-format.js';
import { Assets } from './assets.js';
import { chatGptDraft, isChatGpt } from './chatgpt.js';
import { claudeAiDraft, isClaudeAi } from './claude-ai.js';
import { recordsOf } from './draft.js';
import { JsonItems } from './json-items.js';
import { fenced, isObject, listOf, paragraphs } from './pieces.js';
import { BrokenZip, bytesOf, chunksOf, entriesOf, isZip } from './zip.js';

/** @import { ImportedData } from '../../types.js' */
/** @import { FoundFile } from './assets.js' */
/** @import { Wanting } from './draft.js' */
/** @import { Notes } from './notes.js' */
/** @typedef {ImportedData & { files: FoundFile[] }} Taken */

/** The most characters of JSON that one conversation may have. */
const LONGEST = 200_000_000;
/** A file that is one object is parsed whole: one of ours, or a single conversation. */
const LONGEST_WHOLE = 400_000_000;
/** A file of ours in Markdown has a first message within this many characters. */
const LONGEST_HEAD = 1_000_000;
/** What an archive may unpack to. */
const MOST_BYTES = 8 * 2 ** 30;
/** Parts of exports that hold no conversations, and are not missed here. */
const BESIDE =
  /^(?:users?|user_settings|message_feedback|model_comparisons|shared_conversations|export_manifest|group_chats|shopping|sora|conversation_asset_file_names)\.json$/;

/** The file as a whole is not to be imported; `code` says why. */
export class NotImportable extends Error {
  /** @param {string} code @param {string} [said] a sentence that is known already */
  constructor(code, said = '') {
    super(said || code);
    this.code = code;
    this.said = said;
  }
}

/**
 * Yield the conversations in a file; throw `NotImportable` if there are none.
 *
 * @param {Blob} file
 * @param {Notes} notes
 * @param {(part: number) => void} [onRead] hears which part of the file has been read, up to 1
 * @returns {AsyncGenerator<Taken>}
 */
export async function* readExport(file, notes, onRead = () => {}) {
  let count = 0;
  const taken = (await isZip(file)) ? fromZip(file, notes, onRead) : fromJson(file, notes, onRead);
  for await (const conversation of taken) {
    count += conversation.all.length ? 1 : 0;
    if (conversation.all.length) yield conversation;
    else notes.add('empty');
  }
  if (!count) throw new NotImportable('none');
}

/** @param {Blob} file @param {Notes} notes @param {(part: number) => void} onRead */
function fromJson(file, notes, onRead) {
  const bytes = counted(chunksOf(file.stream()), file.size, onRead);
  return conversationsIn(bytes, new Assets(file, []), notes, true);
}

/** @param {Blob} file @param {Notes} notes @param {(part: number) => void} onRead @returns {AsyncGenerator<Taken>} */
async function* fromZip(file, notes, onRead) {
  const entries = await entriesOf(file).catch((error) => {
    throw error instanceof BrokenZip ? new NotImportable(`zip-${error.code}`) : error;
  });
  const nameOf = (/** @type {string} */ path) => path.slice(path.lastIndexOf('/') + 1);
  const wanted = entries.filter(({ name }) => /\.json$/i.test(name) && !/^__MACOSX\//.test(name));
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  if (total > MOST_BYTES) throw new NotImportable('zip-large');
  const assets = new Assets(
    file,
    entries.filter((entry) => !wanted.includes(entry)),
  );
  let read = 0;
  for (const entry of wanted) {
    if (BESIDE.test(nameOf(entry.name))) continue;
    const before = read;
    const bytes = counted(bytesOf(file, entry), 1, (done) => onRead((before + done) / total));
    try {
      yield* conversationsIn(bytes, assets, notes, false, nameOf(entry.name));
    } catch (error) {
      if (!(error instanceof BrokenZip)) throw error;
      if (wanted.length === 1) throw new NotImportable(`zip-${error.code}`);
      notes.add(error.code, { name: nameOf(entry.name) });
    }
    read += entry.size;
  }
}

/** @param {AsyncGenerator<Uint8Array<ArrayBuffer>>} chunks @param {number} total @param {(part: number) => void} onRead */
async function* counted(chunks, total, onRead) {
  let read = 0;
  for await (const chunk of chunks) {
    yield chunk;
    read += chunk.length;
    onRead(read / total);
  }
}

/**
 * Yield the conversations in JSON, whatever it is; `isAlone`: the file is nothing else, so it may also be ours in
 * Markdown.
 *
 * @param {AsyncIterable<Uint8Array<ArrayBuffer>>} bytes
 * @param {Assets} assets
 * @param {Notes} notes
 * @param {boolean} isAlone
 * @param {string} [name]
 * @returns {AsyncGenerator<Taken>}
 */
async function* conversationsIn(bytes, assets, notes, isAlone, name = '') {
  let head = '';
  /** @type {JsonItems | undefined} */
  let items;
  for await (const text of textsOf(bytes)) {
    if (items?.isOver) continue;
    if (!items) head += text;
    if (!items && /^\s*\[/.test(head)) items = new JsonItems(LONGEST);
    else if (head.length > LONGEST_WHOLE) throw new NotImportable('file-too-long');
    else if (head.length > LONGEST_HEAD && !isText(head)) break;
    if (!items) continue;
    for (const item of items.push(head || text)) yield* conversationIn(item, assets, notes, name);
    head = '';
  }
  if (items && !items.isOver) notes.add('cut', { name });
  if (!items) yield* fromWhole(head, assets, notes, isAlone, name);
}

/** Return whether this may begin a file of JSON, or of ours in Markdown; others are not read to their end. @param {string} head */
const isText = (head) => /^\s*\{/.test(head) || head.includes('<!-- claude-sse ');

/** @param {AsyncIterable<Uint8Array<ArrayBuffer>>} bytes */
async function* textsOf(bytes) {
  const decoder = new TextDecoder();
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** @param {string | undefined} item @param {Assets} assets @param {Notes} notes @param {string} name @returns {AsyncGenerator<Taken>} */
async function* conversationIn(item, assets, notes, name) {
  if (item === undefined) return notes.add('too-long');
  const raw = parsed(item);
  if (raw === undefined) notes.add('broken');
  else yield* fromRaw(raw, assets, notes, name);
}

/** @param {unknown} raw @param {Assets} assets @param {Notes} notes @param {string} name @returns {AsyncGenerator<Taken>} */
async function* fromRaw(raw, assets, notes, name) {
  /** @type {ReturnType<typeof recordsOf> | undefined} */
  let records;
  try {
    if (isClaudeAi(raw)) records = recordsOf(claudeAiDraft(/** @type {any} */ (raw), notes));
    else if (isChatGpt(raw)) records = recordsOf(chatGptDraft(/** @type {any} */ (raw), notes));
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    return notes.add('broken');
  }
  if (!records) return notes.add('no-conversation', { name });
  const { meta, all, wanting } = records;
  yield { meta, all, files: await filesFor(wanting, assets, notes) };
}

/** @param {string} text @param {Assets} assets @param {Notes} notes @param {boolean} isAlone @param {string} name @returns {AsyncGenerator<Taken>} */
async function* fromWhole(text, assets, notes, isAlone, name) {
  const raw = text.trimStart().startsWith('{') ? parsed(text) : undefined;
  const isOurs = isObject(raw) ? raw.format === 'claude-sse' : isAlone;
  if (isOurs) yield* fromOurs(text, isObject(raw) ? raw.files : undefined, assets, notes);
  else if (isObject(raw) && Array.isArray(raw.conversations))
    for (const one of raw.conversations) yield* fromRaw(one, assets, notes, name);
  else if (isObject(raw)) yield* fromRaw(raw, assets, notes, name);
  else if (text.trim()) notes.add('no-conversation', { name });
}

/** @param {string} text @param {unknown} given the files in it, by their ids @param {Assets} assets @param {Notes} notes @returns {AsyncGenerator<Taken>} */
async function* fromOurs(text, given, assets, notes) {
  const holds = (/** @type {string} */ id) => isObject(given) && Object.hasOwn(given, id);
  for (const { meta, all } of ours(text)) {
    const found = [];
    for (const ref of all.flatMap((one) => (one.role === 'user' ? listOf(one.files) : []))) {
      const data = holds(ref.id) ? Object(/** @type {any} */ (given)[ref.id]).data : undefined;
      const file = typeof data === 'string' && (await assets.take({ name: ref.name, data }, notes));
      if (file) found.push({ blob: file.blob, ref });
    }
    yield { meta, all, files: found };
  }
}

/** @param {string} text */
function ours(text) {
  try {
    return fromFile(text);
  } catch (error) {
    const isJson = text.trimStart().startsWith('{');
    throw new NotImportable(isJson ? 'ours' : 'none', /** @type {Error} */ (error).message);
  }
}

/** @param {Wanting[]} wanting @param {Assets} assets @param {Notes} notes */
async function filesFor(wanting, assets, notes) {
  const found = [];
  for (const { message, files } of wanting) {
    const refs = [];
    for (const file of files) {
      const taken = await assets.take(file, notes);
      if (taken) refs.push(taken.ref);
      else
        message.text = paragraphs(
          message.text,
          `> ${file.name}`,
          file.text ? fenced(file.text) : '',
        );
      if (taken) found.push(taken);
    }
    if (refs.length && message.role === 'user') message.files = refs;
  }
  return found;
}

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
