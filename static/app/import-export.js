// Conversations leave and enter the page as files.

import { fromFile, toJson, toMarkdown } from '../model/export-format.js';
import { find, make } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { ConversationData, ImportedData } from '../types.js' */

/** The browser reads a file that is saved for at most this time. */
const SAVING_MS = 10_000;

/** Save conversations as a file; Markdown holds only the first. @param {'markdown' | 'json'} format @param {ConversationData[]} conversations */
export function download(format, conversations) {
  const title = conversations.length > 1 ? 'conversations' : (conversations[0]?.meta.title ?? '');
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'conversation';
  if (format === 'markdown') save(`${name}.md`, 'text/markdown', toMarkdown(conversations[0]));
  else save(`${name}.json`, 'application/json', toJson(conversations));
}

/** Let the reader choose a file, and call back with the conversations in it. @param {(conversations: ImportedData[]) => void} onRead */
export function chooseFile(onRead) {
  const field = find('#file');
  field.onchange = async () => {
    const text = await field.files[0]?.text();
    field.value = '';
    if (text === undefined) return;
    find('#settings').close(); // a sentence would lie below it
    try {
      onRead(fromFile(text));
    } catch (error) {
      offer(error instanceof Error ? error.message : String(error));
    }
  };
  field.click();
}

/** @param {string} name @param {string} type @param {string} text */
function save(name, type, text) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  make('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
}
