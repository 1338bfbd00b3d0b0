// The keyboard outside of the field: Ctrl or ⌘ commands, typing goes to the field, and what Esc leaves.

import { commandOf, isText } from '../model/keys.js';
import { find, isApple, isComposing } from './dom.js';

const FIELDS =
  'textarea, select, input:not([type=radio], [type=checkbox], [type=button]), [contenteditable]';
/** Letters choose in them; a forgiving selector, as not every browser has popovers. */
const MENUS = ':is(:popover-open, [role=menu], [role=listbox])';

/** @typedef {(command: string, button?: HTMLElement) => void} OnCommand */

/** Call back with each command that a key or a button asks for, and with the button. @param {OnCommand} onCommand */
export function listen(onCommand) {
  document.addEventListener('click', ({ target }) => {
    const button = /** @type {Element} */ (target).closest('[data-command]');
    if (button instanceof HTMLElement) onCommand(button.dataset.command ?? '', button);
  });
  document.addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented || document.querySelector('dialog[open]'))
      return;
    const command = commandOf(event, isApple);
    if (command) {
      event.preventDefault(); // also while it is held: the browser has commands of its own there
      if (!event.repeat) onCommand(command);
    } else if (event.key === 'Escape') {
      if (!event.repeat && !isComposing(event)) escape(event, onCommand);
    } else if (isTyping(event)) find('#prompt').focus(); // and the character arrives there
  });
}

/** Leave the innermost thing; only where there is none, stop the answer. @param {KeyboardEvent} event @param {OnCommand} onCommand */
function escape(event, onCommand) {
  if (document.querySelector(MENUS)) return; // it closes itself
  const field = fieldAt(event.target);
  if (field && field.id !== 'prompt') return leave(field, event);
  if (!find('#cancel').hidden) find('#cancel').click();
  else if (find('#send').dataset.mode === 'stop') onCommand('stop');
  else if (field) find('#log').focus({ preventScroll: true }); // where keys scroll
}

/** Clear it if it searches; leave it if it is empty. @param {HTMLElement} field @param {Event} event */
function leave(field, event) {
  event.preventDefault(); // some browsers clear it themselves
  if (!(field instanceof HTMLInputElement && field.type === 'search' && field.value))
    return find('#prompt').focus();
  field.value = '';
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** @param {KeyboardEvent} event */
function isTyping(event) {
  const { target } = event;
  const isTaken = fieldAt(target) || (target instanceof Element && target.closest(MENUS));
  const { key, code, ctrlKey, metaKey, altKey, shiftKey } = event;
  const isAltGraph = event.getModifierState('AltGraph');
  const pressed = { key, code, ctrlKey, metaKey, altKey, shiftKey, isAltGraph };
  return !isTaken && isText(pressed, isApple);
}

/** @param {EventTarget | null} target */
function fieldAt(target) {
  return target instanceof HTMLElement && target.matches(FIELDS) ? target : null;
}
