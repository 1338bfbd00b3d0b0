// Conversations leave and enter the page as files.

import { fromFile, toJson, toMarkdown } from '../model/export-format.js';
import { find, make } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { Whole } from '../types.js' */

/** @param {Whole[]} conversations */
export function exportAs(kind, conversations) {
  const title = conversations.length > 1 ? 'conversations' : (conversations[0]?.meta.title ?? '');
  const name = title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'conversation';
  if (kind === 'markdown') download(`${name}.md`, 'text/markdown', toMarkdown(conversations[0]));
  else download(`${name}.json`, 'application/json', toJson(conversations));
}

/** Let the reader choose a file. @param {(conversations: Whole[]) => void} onTaken */
export function take(onTaken) {
  const field = find('#file');
  field.onchange = async () => {
    const text = await field.files[0]?.text();
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

function download(name, type, text) {
  const href = URL.createObjectURL(new Blob([text], { type }));
  make('a', { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
