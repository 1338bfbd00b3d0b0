// Conversations leave and enter the page as files.

import { fromFile, toJson, toMarkdown } from '../model/export-format.js';
import { load } from '../system/parts.js';
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
  else void saveJson(`${name}.json`, conversations);
}

/** @param {string} name @param {ConversationData[]} conversations */
async function saveJson(name, conversations) {
  const messages = conversations.flatMap(({ all }) => all);
  const { withFiles } = await load('app/kept-files.js');
  save(name, 'application/json', await withFiles(toJson(conversations), messages));
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
      const conversations = fromFile(text);
      const messages = conversations.flatMap(({ all }) => all);
      if (messages.some((message) => message.role === 'user' && message.files)) {
        const { takeFiles } = await load('app/kept-files.js');
        await takeFiles(text, messages);
      }
      onRead(conversations);
    } catch (error) {
      offer(error instanceof Error ? error.message : String(error));
    }
  };
  field.click();
}

/** @param {string} name @param {string} type @param {string | Blob} content */
function save(name, type, content) {
  const href = URL.createObjectURL(new Blob([content], { type }));
  make('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
}
