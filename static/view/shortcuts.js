// The keyboard: single keys outside of text fields (they can be switched off), and Esc everywhere.

import { find } from './dom.js';

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

/** Call back with the command, and the button, that is asked for by a key or a click. */
export function listen(onCommand) {
  document.addEventListener('click', ({ target }) => {
    const button = /** @type {Element} */ (target).closest('[data-command]');
    if (button instanceof HTMLElement) onCommand(button.dataset.command, button);
  });
  document.addEventListener('keydown', (event) => {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    if (isComposing(event) || event.defaultPrevented || document.querySelector('dialog[open]'))
      return;
    const field = target instanceof HTMLElement && target.matches(FIELDS) ? target : null;
    if (key === 'Escape') {
      if (find('#send').dataset.mode === 'stop') onCommand('stop');
      else field?.blur();
    } else if (
      !field &&
      !ctrlKey &&
      !metaKey &&
      !altKey &&
      COMMANDS[key] &&
      find('#shortcuts').checked
    ) {
      event.preventDefault();
      onCommand(COMMANDS[key]);
    }
  });
}

/** Whether this key still belongs to an input method; Safari says so only by the key code. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;
