// What one message of ChatGPT's export says, by the type of its content: most hold `parts`, others a text of their own.

import { citedText } from './chatgpt-sources.js';
import { fenced, isObject, listOf, paragraphs, sourceOf, textOf } from './pieces.js';

/** @import { WantedFile } from './draft.js' */
/** @import { Notes } from './notes.js' */
/**
 * @typedef {{
 *   role: 'user' | 'assistant', text: string, thinking: string, system: string[], model?: string,
 *   files: WantedFile[], sources: any[], citations: any[],
 * }} Pieces
 */

/** Types of parts that are sound or moving images. */
const RECORDING = /audio|video/;

/** @param {Record<string, any>} message @param {Notes} notes @returns {Pieces} */
export function piecesOf(message, notes) {
  const metadata = isObject(message.metadata) ? message.metadata : {};
  const content = isObject(message.content) ? message.content : {};
  const from = textOf(Object(message.author).role);
  const role = from === 'user' ? 'user' : 'assistant';
  /** @type {Pieces} */
  const pieces = {
    role,
    text: '',
    thinking: '',
    system: [],
    files: [],
    sources: [],
    citations: [],
  };
  if (textOf(metadata.model_slug)) pieces.model = metadata.model_slug;
  const said = saidIn(content, pieces, notes);
  const isHidden = metadata.is_visually_hidden_from_conversation === true;
  if (from === 'system' || (isHidden && role === 'user')) pieces.system.push(said);
  else if (isThought(content, message) || isHidden || from === 'tool') pieces.thinking = said;
  else Object.assign(pieces, role === 'user' ? { text: said } : citedText(said, metadata));
  const { recipient } = message;
  if (role === 'assistant' && typeof recipient === 'string' && recipient !== 'all')
    toTool(pieces, recipient);
  if (role === 'user') attach(pieces, listOf(metadata.attachments));
  for (const image of listOf(Object(metadata.aggregate_result).messages))
    if (textOf(Object(image).image_url)) pieces.files.push(assetOf(image.image_url, 'image'));
  pieces.system = pieces.system.filter((text) => text.trim());
  return pieces;
}

/** @param {Record<string, any>} content @param {Record<string, any>} message */
const isThought = ({ content_type: type }, { channel }) =>
  ['thoughts', 'reasoning_recap', 'execution_output', 'system_error'].includes(type) ||
  /^(?:tether|sonic)_/.test(textOf(type)) ||
  channel === 'analysis';

/** @param {Record<string, any>} content @param {Pieces} pieces @param {Notes} notes @returns {string} */
function saidIn(content, pieces, notes) {
  switch (content.content_type) {
    case 'text':
    case 'multimodal_text':
    case undefined:
      return paragraphs(...listOf(content.parts).map((part) => partOf(part, pieces, notes)));
    case 'code':
      return codeOf(content);
    case 'execution_output':
      return textOf(content.text) && fenced(content.text);
    case 'thoughts':
      return paragraphs(...listOf(content.thoughts).map(thoughtOf));
    case 'reasoning_recap':
      return textOf(content.content);
    case 'user_editable_context':
      pieces.system.push(textOf(content.user_profile), textOf(content.user_instructions));
      return '';
    case 'model_editable_context':
      pieces.system.push(textOf(content.model_set_context));
      return '';
    case 'tether_quote':
    case 'sonic_webpage':
      return paragraphs(
        `> [${textOf(content.title)}](${textOf(content.url)})`,
        textOf(content.text),
      );
    case 'tether_browsing_display':
      return paragraphs(textOf(content.summary), textOf(content.result));
    case 'system_error':
      return paragraphs(textOf(content.name), textOf(content.text));
    default:
      notes.add('unknown', { name: textOf(content.content_type) });
      return sourceOf(content);
  }
}

/** @param {Record<string, any>} content */
function codeOf({ text, parts, language }) {
  const code =
    textOf(text) ||
    listOf(parts)
      .filter((part) => typeof part === 'string')
      .join('\n');
  return code.trim() && fenced(code, language === 'unknown' ? '' : language);
}

/** @param {unknown} thought */
function thoughtOf(thought) {
  const { summary, content } = Object(thought);
  return paragraphs(textOf(summary) && `**${summary}**`, textOf(content));
}

/** @param {unknown} part @param {Pieces} pieces @param {Notes} notes @returns {string} */
function partOf(part, pieces, notes) {
  if (typeof part === 'string') return part;
  if (!isObject(part)) {
    if (part !== null) notes.add('broken');
    return '';
  }
  const type = textOf(part.content_type);
  if (type === 'image_asset_pointer') {
    const prompt = textOf(Object(Object(part.metadata).dalle).prompt);
    pieces.files.push(assetOf(textOf(part.asset_pointer), prompt.slice(0, 60) || 'image'));
    return '';
  }
  if (type === 'audio_transcription') return textOf(part.text);
  if (RECORDING.test(type)) {
    notes.add('recordings');
    return '';
  }
  notes.add('unknown', { name: type });
  return sourceOf(part);
}

/** What is said to a tool belongs to the thinking; a document that it makes, to the answer. @param {Pieces} pieces @param {string} recipient */
function toTool(pieces, recipient) {
  const said = pieces.text || pieces.thinking;
  const made = recipient.startsWith('canmore.create') ? documentOf(said) : '';
  pieces.text = made;
  pieces.thinking = made || !said ? '' : `**${recipient}**\n\n${said}`;
}

/** @param {string} said a block of JSON */
function documentOf(said) {
  try {
    const { name, type, content } = JSON.parse(said.replace(/^`+.*\n|\n`+$/g, ''));
    const language = textOf(type).replace(/^code\//, '');
    const text = language === 'document' ? 'markdown' : language;
    return textOf(content) && paragraphs(`**${textOf(name)}**`, fenced(content, text));
  } catch {
    return '';
  }
}

/** The files of a question that its text does not name already. @param {Pieces} pieces @param {any[]} attachments */
function attach(pieces, attachments) {
  for (const one of attachments) {
    const { id, name, mime_type: type } = Object(one);
    const known = pieces.files.find(({ asset }) => asset && asset === id);
    if (known) known.name = textOf(name) || known.name;
    else if (textOf(id) || textOf(name))
      pieces.files.push({
        name: textOf(name) || 'file',
        asset: textOf(id) || textOf(name),
        isImage: textOf(type).startsWith('image/'),
      });
  }
}

/** @param {string} pointer `file-service://file-…` or `sediment://file_…` @param {string} name @returns {WantedFile} */
function assetOf(pointer, name) {
  const path = pointer.slice(pointer.indexOf('://') + 3);
  return { name, asset: /file[-_][A-Za-z0-9]+/.exec(path)?.[0] ?? path, isImage: true };
}
