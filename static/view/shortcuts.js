// The keyboard: single keys outside of text fields (which can be switched off), and Esc everywhere.

import { find, isComposing } from './dom.js';

/** @type {Record<string, string>} */
const COMMANDS = {
  '?': 'help',
  n: 'new',
  '/': 'search',
  b: 'menu',
  ',': 'settings',
  i: 'write',
  c: 'copy',
  r: 'again',
  '[': 'previous',
  ']': 'next',
};
const FIELDS = 'textarea, select, input:not([type=radio], [type=checkbox])';

/** @typedef {(command: string, button?: HTMLElement) => void} OnCommand */

/** Call back with each command that a key or a button asks for, and with the button. @param {OnCommand} onCommand */
export function listen(onCommand) {
  document.addEventListener('click', ({ target }) => {
    const button = /** @type {Element} */ (target).closest('[data-command]');
    if (button instanceof HTMLElement) onCommand(button.dataset.command ?? '', button);
  });
  document.addEventListener('keydown', (event) => {
    if (isComposing(event) || event.defaultPrevented || document.querySelector('dialog[open]'))
      return;
    if (event.key === 'Escape') return escape(event.target, onCommand);
    if (!isShortcut(event)) return;
    event.preventDefault();
    onCommand(COMMANDS[event.key]);
  });
}

/** Stop the answer, or leave the field. @param {EventTarget | null} target @param {OnCommand} onCommand */
function escape(target, onCommand) {
  if (find('#send').dataset.mode === 'stop') onCommand('stop');
  else fieldAt(target)?.blur();
}

/** @param {KeyboardEvent} event */
function isShortcut({ key, target, ctrlKey, metaKey, altKey }) {
  const isPlain = !ctrlKey && !metaKey && !altKey && !fieldAt(target);
  return isPlain && COMMANDS[key] !== undefined && find('#shortcuts').checked;
}

/** @param {EventTarget | null} target */
function fieldAt(target) {
  return target instanceof HTMLElement && target.matches(FIELDS) ? target : null;
}
