// The sheet of shortcuts, made when it is asked for: the keys as they are called on this machine.

import { SHORTCUTS } from '../model/keys.js';
import { say } from '../system/words.js';
import { find, isApple, isPhone, make } from './dom.js';

const NAMES = isApple ? { Ctrl: '⌘', Shift: '⇧', Enter: 'return', Esc: 'esc' } : {};

/** Show it; shown already, close it. */
export function showShortcuts() {
  document.querySelector('#help')?.remove();
  const dialog = make('dialog', { id: 'help' });
  dialog.setAttribute('aria-labelledby', 'help-title');
  dialog.append(top(), make('dl'));
  dialog.querySelector('dl').append(...rows().map(([keys, key]) => row(keys, say(key))));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The keys, with what they do. @returns {[string[], string][]} */
function rows() {
  const commands = SHORTCUTS.map(({ command, key, shift }) => {
    const keys = ['Ctrl', ...(shift ? ['Shift'] : []), key.toUpperCase()];
    return /** @type {[string[], string]} */ ([keys, `shortcuts.${command}`]);
  });
  const sending = isPhone() ? ['Ctrl', 'Enter'] : ['Enter'];
  const breaking = isPhone() ? ['Enter'] : ['Shift', 'Enter'];
  return [
    [sending, 'shortcuts.send'],
    [breaking, 'shortcuts.line'],
    [['↑'], 'shortcuts.edit'],
    [['Esc'], 'shortcuts.leave'],
    ...commands,
    [['End'], 'shortcuts.end'],
  ];
}

function top() {
  const form = make('form', { method: 'dialog', className: 'top' });
  const close = find('#settings .top button').cloneNode(true);
  form.append(make('h2', { id: 'help-title', textContent: say('shortcuts.title') }), close);
  return form;
}

/** @param {string[]} keys @param {string} meaning */
function row(keys, meaning) {
  const root = make('div');
  const term = make('dt');
  term.append(
    ...keys.flatMap((key) => [make('kbd', { textContent: nameOf(key) }), ' ']).slice(0, -1),
  );
  root.append(term, make('dd', { textContent: meaning }));
  return root;
}

/** @param {string} key */
const nameOf = (key) => /** @type {Record<string, string>} */ (NAMES)[key] ?? key;
