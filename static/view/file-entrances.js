// How files reach the page: by the button, dropped anywhere, or pasted.

import { say } from '../system/words.js';
import { find } from './dom.js';

/** @typedef {{ onFiles: (files: File[], how?: { isPasted?: boolean }) => void, onText: (text: string) => void, onRefused: (sentence: string) => void }} Listeners */

/** A pasted text that is longer becomes a file. */
const LONG_CHARACTERS = 6000;

/** @param {Listeners} on */
export function openEntrances(on) {
  const entrances = { '#choose-button': '#choose', '#camera-button': '#camera' };
  for (const [button, name] of Object.entries(entrances)) {
    const field = find(name);
    find(button).addEventListener('click', () => field.click());
    field.addEventListener('change', () => {
      on.onFiles([...field.files]);
      field.value = '';
    });
  }
  openForDrops(on);
  openForPaste(on);
}

/** @param {Listeners} on */
function openForDrops({ onFiles, onText, onRefused }) {
  const target = find('#drop');
  const show = (/** @type {boolean} */ isOver) => (target.hidden = !isOver);
  addEventListener('dragenter', (event) => hasFiles(event) && !isModal() && show(true));
  addEventListener('dragleave', ({ relatedTarget }) => relatedTarget ?? show(false));
  addEventListener('dragend', () => show(false));
  addEventListener('dragover', (event) => {
    if (isField(event.target) && !hasFiles(event)) return; // the field takes its text itself
    event.preventDefault(); // otherwise the browser opens what is dropped, in place of the page
    if (event.dataTransfer) event.dataTransfer.dropEffect = isModal() ? 'none' : 'copy';
  });
  addEventListener('drop', (event) => {
    show(false);
    if (isField(event.target) && !hasFiles(event)) return;
    event.preventDefault();
    if (isModal() || !event.dataTransfer) return;
    const { files, folders } = contentOf(event.dataTransfer);
    const text = textOf(event.dataTransfer);
    if (!files.length && !folders.length && text) return onText(text);
    onFiles(files);
    for (const name of folders) onRefused(say('file.folder', { file: name }));
    if (!files.length && !folders.length) onRefused(say('file.nothing'));
  });
}

/** @param {Listeners} on */
function openForPaste({ onFiles, onText }) {
  let isPlain = false; // Ctrl+Shift+V says that it is meant as text
  addEventListener('keydown', ({ key, shiftKey, ctrlKey, metaKey }) => {
    isPlain = shiftKey && (ctrlKey || metaKey) && /^v$/i.test(key);
  });
  addEventListener('keyup', () => (isPlain = false));
  document.addEventListener('paste', (event) => {
    const { target, clipboardData } = event;
    if (!clipboardData || isModal() || (isField(target) && target !== find('#prompt'))) return;
    const text = clipboardData.getData('text/plain');
    const isDocument = text && clipboardData.types.some((type) => /html|rtf/.test(type));
    if (clipboardData.files.length && !isDocument) {
      event.preventDefault();
      onFiles([...clipboardData.files]);
    } else if (text.length > LONG_CHARACTERS && !isPlain) {
      event.preventDefault();
      onFiles([new File([text], say('file.pasted'), { type: 'text/plain' })], { isPasted: true });
    } else if (text && !isField(target)) {
      event.preventDefault();
      onText(text); // what is pasted beside the field is meant for it
    }
  });
}

/** An image of another page may come as its address only. @param {DataTransfer} transfer */
function textOf(transfer) {
  return transfer.getData('text/plain') || transfer.getData('URL');
}

/** @param {DataTransfer} transfer */
function contentOf(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  const entries = items.map((item) => ({
    entry: item.webkitGetAsEntry?.(),
    file: item.getAsFile(),
  }));
  const folders = entries.flatMap(({ entry }) => (entry?.isDirectory ? [entry.name] : []));
  const files = entries.flatMap(({ entry, file }) => (file && !entry?.isDirectory ? [file] : []));
  return { files, folders };
}

/** @param {DragEvent} event */
const hasFiles = ({ dataTransfer }) => Boolean(dataTransfer?.types.includes('Files'));
const isModal = () => document.querySelector('dialog[open]') !== null;
/** @param {EventTarget | null} target */
const isField = (target) => target instanceof HTMLElement && target.matches('textarea, input');
