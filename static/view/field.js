// A field to write in: how its text changes, and its height with it.

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

/** Return the text above what was written since. @param {string} text @param {string} since */
export function joined(text, since) {
  return since.trim() && since !== text ? `${text}\n\n${since}` : text;
}
