// A file of the reader's own, large: an image, the beginning of a text, or what to do with a PDF.

import { megabytes } from '../model/file-limits.js';
import { files } from '../model/files.js';
import { say } from '../system/words.js';
import { make } from './dom.js';

/** @import { FileRef } from '../types.js' */

const SHOWN_CHARACTERS = 100_000;
/** How names end by type, where the type does not say it. @type {Record<string, string[]>} */
const ENDINGS = { 'image/jpeg': ['jpg', 'jpeg', 'jfif'] };

/** @param {FileRef} ref */
export async function showFile(ref) {
  const blob = await files.blob(ref.id).catch(() => null); // it does not answer now
  const url = blob ? URL.createObjectURL(blob) : undefined;
  const dialog = make('dialog', { id: 'preview', className: ref.kind });
  dialog.setAttribute('aria-label', ref.name);
  dialog.append(top(ref, url), await contentOf(ref, blob, url));
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (url) URL.revokeObjectURL(url);
  });
  dialog.addEventListener('click', (/** @type {Event} */ { target }) => {
    if (target === dialog) dialog.close(); // beside it
  });
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {FileRef} ref @param {string} [url] */
function top(ref, url) {
  const { name } = ref;
  const form = make('form', { method: 'dialog', className: 'top' });
  const close = make('button', {
    className: 'quiet',
    textContent: say('page.close'),
    autofocus: true,
  });
  form.append(make('h2', { textContent: name, dir: 'auto' }));
  if (url)
    form.append(make('a', { href: url, download: savedName(ref), textContent: say('file.save') }));
  form.append(close);
  return form;
}

/** An image that was scaled down may be of another type than its name says. @param {FileRef} ref */
function savedName({ name, kind, type }) {
  const endings = ENDINGS[type] ?? [type.slice(type.indexOf('/') + 1)];
  const isRight = endings.some((ending) => name.toLowerCase().endsWith(`.${ending}`));
  return kind === 'image' && !isRight ? `${name.replace(/\.\w{1,5}$/, '')}.${endings[0]}` : name;
}

/** @param {FileRef} ref @param {Blob | null} [blob] @param {string} [url] */
async function contentOf({ kind, name, size }, blob, url) {
  if (!blob) return sentence(say(blob === null ? 'file.late' : 'file.no-longer'));
  if (kind === 'image') return make('img', { src: url, alt: name });
  if (kind === 'pdf') return sentence(say('file.pdf', { size: megabytes(size) }));
  const text = await blob.text();
  const more = text.length - SHOWN_CHARACTERS;
  const cut = more > 0 ? `\n${say('file.more', { count: more })}` : '';
  return make('pre', {
    textContent: text.slice(0, SHOWN_CHARACTERS) + cut,
    dir: 'auto',
    tabIndex: 0,
  });
}

/** @param {string} text */
function sentence(text) {
  return make('p', { textContent: text });
}
