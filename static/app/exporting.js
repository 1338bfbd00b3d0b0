// Conversations leave the page as files.

import { toJson, toMarkdown } from '../model/export-format.js';
import { load } from '../system/parts.js';
import { Late } from '../system/time.js';
import { say, someOf } from '../system/words.js';
import { make } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { ConversationData } from '../types.js' */

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
  try {
    const { content, gone } = await withFiles(toJson(conversations), messages);
    save(name, 'application/json', content);
    if (gone.length) offer(say('export.gone', { count: gone.length, names: someOf(gone) }));
  } catch (error) {
    if (!(error instanceof Late)) throw error;
    offer(say('file.late'));
  }
}

/** @param {string} name @param {string} type @param {string | Blob} content */
function save(name, type, content) {
  const href = URL.createObjectURL(new Blob([content], { type }));
  make('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), SAVING_MS);
}
