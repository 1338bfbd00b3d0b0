// The keyboard: single keys outside of text fields (they can be switched off), and Esc everywhere.

import { find } from './page.js';

/** @type {Record<string, string>} */
const COMMANDS = {
  '?': 'help', n: 'new', '/': 'search', b: 'menu', ',': 'settings', i: 'write', c: 'copy', r: 'again', '[': 'previous', ']': 'next',
};

/** @param {(command: string, button?: HTMLElement) => void} onCommand */
export function listen(onCommand) {
  document.addEventListener('click', (event) => {
    const button = /** @type {Element} */ (event.target).closest('[data-command]');
    if (button instanceof HTMLElement) onCommand(button.dataset.command ?? '', button);
  });
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    if (isComposing(event) || event.defaultPrevented || document.querySelector('dialog[open]')) return;
    const field = target instanceof HTMLElement && target.matches('textarea, select, input:not([type=radio], [type=checkbox])') ? target : null;
    if (key === 'Escape') {
      if (find('#send').dataset.mode === 'stop') onCommand('stop');
      else field?.blur();
    } else if (!field && !event.ctrlKey && !event.metaKey && !event.altKey && COMMANDS[key] && find('#shortcuts', HTMLInputElement).checked) {
      event.preventDefault();
      onCommand(COMMANDS[key]);
    }
  });
}

/** Whether this key still belongs to an input method; Safari says so only by the key code. @param {KeyboardEvent} event */
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}
