// The files of all conversations: which are still referred to, how much room they take, and how they leave
// the page with a conversation.

import { megabytes } from '../model/file-limits.js';
import { files } from '../model/files.js';
import { base64 } from '../model/request-body.js';
import { say } from '../system/words.js';

/** @import { FileRef, Message } from '../types.js' */

/**
 * Remove the files to which no message refers, of this store or of the database, and no draft.
 *
 * @param {() => Promise<Message[]> | Message[]} messages
 * @param {() => string[]} drafted
 */
export function sweepFiles(messages, drafted) {
  return files.sweep(async () => {
    const [stored, known] = await Promise.all([storedMessages(), messages()]);
    const sent = [...stored, ...known].flatMap(refsOf).map(({ id }) => id);
    return new Set([...sent, ...drafted()]);
  });
}

/** Return how much room the files take, in a sentence; '' if there are none. */
export async function roomOfFiles() {
  const { count, bytes } = await files.total();
  return count ? say('settings.room', { count, size: megabytes(bytes) }) : '';
}

/** Return an exported file with the files that its messages refer to, and the names of those that are gone. @param {string} json an object @param {Message[]} messages */
export async function withFiles(json, messages) {
  const refs = new Map(messages.flatMap(refsOf).map((ref) => [ref.id, ref]));
  /** @type {(string | Blob)[]} */
  const parts = [];
  const gone = [];
  for (const { id, type, name } of refs.values()) {
    const blob = await files.blob(id);
    if (!blob) gone.push(name);
    if (!blob) continue;
    const head = `${parts.length ? ',' : ''}\n    ${JSON.stringify(id)}: `;
    // As a Blob, which the browser may keep on disk: all files together may be large.
    parts.push(new Blob([`${head}{ "type": "${type}", "data": "${await base64(blob)}" }`]));
  }
  const end = [',\n  "files": {', ...parts, '\n  }\n}'];
  return { gone, content: parts.length ? new Blob([json.replace(/\s*\}\s*$/, ''), ...end]) : json };
}

/** @param {Message} message @returns {FileRef[]} */
function refsOf(message) {
  return message.role === 'user' && Array.isArray(message.files) ? message.files : [];
}

/** Return the messages in the database; reject where there is none: a file is not unused because messages cannot be read. @returns {Promise<Message[]>} */
function storedMessages() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('claude-sse');
    opening.onupgradeneeded = () => opening.transaction?.abort();
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      db.onversionchange = () => db.close();
      const reading = db.transaction('messages').objectStore('messages').getAll();
      reading.onsuccess = () => resolve(reading.result);
      reading.onerror = () => reject(reading.error);
      reading.transaction?.addEventListener('complete', () => db.close());
    };
  });
}
