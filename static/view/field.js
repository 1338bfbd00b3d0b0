// A field to write in: how its text changes, and its height with it; what its keys mean, and the sentence above it.

import { find, isComposing, make } from './dom.js';

/** Only for browsers whose style sheet cannot do it (`field-sizing`). @param {HTMLTextAreaElement} field */
export function grow(field) {
  if (CSS.supports('field-sizing', 'content')) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight + 2}px`;
}

/** Put this text where the caret is. @param {HTMLTextAreaElement} field @param {string} text */
export function insert(field, text) {
  field.setRangeText(text, field.selectionStart, field.selectionEnd, 'end');
  field.focus();
}

/** Return what this key in the field asks for; '' if for nothing, or if it is an input method's. @param {KeyboardEvent} event @param {string} text in the field */
export function meaningOf(event, text) {
  const { key, shiftKey } = event;
  if (isComposing(event)) return '';
  if (key === 'Escape') return 'leave';
  if (shiftKey) return '';
  if (key === 'ArrowUp') return text ? '' : 'up';
  return key === 'Enter' ? 'send' : '';
}

/** Say this above the field, announced immediately, with buttons: what they are called, and what each does. @param {string} sentence @param {Record<string, () => void>} [ways] */
export function tell(sentence, ways = {}) {
  const buttons = Object.entries(ways).map(([textContent, onclick]) =>
    make('button', { type: 'button', textContent, onclick }),
  );
  find('#notice').textContent = sentence;
  find('#ways').replaceChildren(...buttons);
}
