// Conversations leave and enter the page as files.

import { fromFile, toJson, toMarkdown } from './exchange.js';
import { download, find } from './page.js';
import { offer } from './toast.js';

/** @import { Whole } from './types.js' */

/** @param {string} kind @param {Whole[]} conversations */
export function exportAs(kind, conversations) {
  const name = conversations.length === 1 ? conversations[0].meta.title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') : 'conversations';
  if (kind === 'markdown') download(`${name || 'conversation'}.md`, 'text/markdown', toMarkdown(conversations[0]));
  else download(`${name || 'conversation'}.json`, 'application/json', toJson(conversations));
}

/** Let the reader choose a file. @param {(conversations: Whole[]) => void} onTaken */
export function take(onTaken) {
  const field = find('#file', HTMLInputElement);
  field.onchange = async () => {
    const text = await field.files?.[0]?.text();
    field.value = '';
    if (text === undefined) return;
    try {
      onTaken(fromFile(text));
    } catch (error) {
      offer(error instanceof Error ? error.message : String(error));
    }
  };
  field.click();
}
