// A field to write in: how its text changes, and its height with it; and the sentence above it.

import { say } from '../system/words.js';
import { find, make, write } from './dom.js';

/** Chromium takes some milliseconds for each line that is put in like this, and some for ten thousand characters. */
const TYPED_LINES = 5;
const TYPED_CHARACTERS = 40_000;

/** Only for browsers whose style sheet cannot do it (`field-sizing`). @param {HTMLTextAreaElement} field */
export function grow(field) {
  if (CSS.supports('field-sizing', 'content')) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
}

/** From now on the composer sends what is asked; return whether something was while it could not (early.js). */
export function takeOver() {
  const { dataset } = document.documentElement;
  dataset.running = '';
  const wasAsked = 'asked' in dataset;
  delete dataset.asked;
  return wasAsked;
}

/** Put this text where the caret is; unless it is long, as if it were typed, so that Ctrl+Z takes it away. @param {HTMLTextAreaElement} field @param {string} text */
export function insert(field, text) {
  field.focus();
  const isShort =
    text.length <= TYPED_CHARACTERS && text.split('\n', TYPED_LINES + 1).length <= TYPED_LINES;
  if (!text || (isShort && document.execCommand('insertText', false, text))) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** Say this above the field, announced immediately, with buttons: what they are called, and what each does. @param {string} sentence @param {Record<string, () => void>} [ways] */
export function tell(sentence, ways = {}) {
  const buttons = Object.entries(ways).map(([textContent, onclick]) =>
    make('button', { type: 'button', textContent, onclick }),
  );
  find('#notice').textContent = sentence;
  find('#ways').replaceChildren(...buttons);
}

/** Say this below what is said above the field already. @param {string} sentence */
export function tellMore(sentence) {
  const notice = find('#notice');
  const said = linesOf(notice);
  if (!said.includes(sentence)) write(notice, [...said, sentence].join('\n'));
}

/** Take this away of what is said above the field. @param {string} sentence */
export function untell(sentence) {
  const notice = find('#notice');
  const said = linesOf(notice);
  if (said.length === 1 && said[0] === sentence) return tell('');
  write(notice, said.filter((line) => line !== sentence).join('\n'));
}

/** Say whether a question is being changed; what was said stays where `stays` is true. @param {boolean} isEditing */
export function tellEditing(isEditing, stays = false) {
  const sentence = isEditing ? say('composer.editing') : '';
  if (!stays) tell(sentence);
  else if (sentence) tellMore(sentence);
}

/** Say why a question stays in the field while an answer is written; once none is, take that away. @param {boolean} isBusy */
export function tellBusy(isBusy) {
  const sentence = say('composer.busy');
  if (isBusy) tell(sentence);
  else untell(sentence);
}

/** @param {Element} notice */
const linesOf = (notice) => (notice.textContent ? notice.textContent.split('\n') : []);
