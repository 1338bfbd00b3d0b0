// The body of a question, with the bytes of its files: the same bytes each time.

import { say } from '../system/words.js';

/** @import { FileRef, RequestOptions, Turn } from '../types.js' */
/** @typedef {{ messages: Turn[] } & RequestOptions} Request */
/** @typedef {(id: string) => Promise<Blob | undefined>} ReadFile */

/** A file that the browser no longer has. */
export class FileGone extends Error {
  /** @param {string} name */
  constructor(name) {
    super(say('file.gone', { file: name }));
  }
}

/**
 * Return what to send: a string, or a Blob where there are files. Of these the first `leftOut` are only named.
 *
 * @param {Request} request
 * @param {ReadFile} read
 * @param {number} [leftOut]
 */
export async function bodyOf({ messages, ...options }, read, leftOut = 0) {
  if (messages.every(({ content }) => typeof content === 'string'))
    return JSON.stringify({ messages, ...options });
  let passed = 0;
  /** @type {(string | Promise<string>)[]} */
  const parts = [];
  for (const { role, content } of messages) {
    if (typeof content === 'string') parts.push(JSON.stringify({ role, content }));
    else {
      const blocks = content.map((part) =>
        'text' in part
          ? JSON.stringify({ type: 'text', text: part.text })
          : passed++ < leftOut
            ? JSON.stringify({
                type: 'text',
                text: `[The file “${part.file.name}” is left out here.]`,
              })
            : blockOf(part.file, read),
      );
      parts.push(`{"role":"${role}","content":[`, joined(blocks), ']}');
    }
    parts.push(',');
  }
  parts.pop();
  const rest = JSON.stringify(options).slice(1); // "…}"
  const whole = await Promise.all(parts);
  return new Blob(['{"messages":[', ...whole, rest === '}' ? ']}' : `],${rest}`]);
}

/** @param {(string | Promise<string>)[]} blocks */
async function joined(blocks) {
  return (await Promise.all(blocks)).join(',');
}

/** @param {FileRef} file @param {ReadFile} read */
async function blockOf({ id, name, kind, type }, read) {
  const blob = await read(id);
  if (!blob) throw new FileGone(name);
  const title = titleOf(name);
  const block = kind === 'image' ? 'image' : 'document';
  const source =
    kind === 'text'
      ? { type: 'text', media_type: 'text/plain', data: await blob.text() }
      : { type: 'base64', media_type: type, data: await base64(blob) };
  return JSON.stringify({ type: block, source, title });
}

/** A name as the server takes it: not blank, of at most 500 characters. @param {string} name */
function titleOf(name) {
  const text = name.replace(/\p{Surrogate}/gu, '\ufffd').trim();
  return Array.from(text).slice(0, 500).join('').trim() || 'file';
}

/** @param {Blob} blob */
export async function base64(blob) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  if ('toBase64' in bytes) return /** @type {any} */ (bytes).toBase64();
  let binary = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}
