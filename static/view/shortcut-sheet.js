// The sheet of shortcuts, made when it is asked for: the keys as they are called on this machine.

import { SHORTCUTS } from '../model/keys.js';
import { say } from '../system/words.js';
import { find, isApple, isPhone, make } from './dom.js';

const NAMES = isApple ? { Ctrl: '⌘', Shift: '⇧', Enter: 'return', Esc: 'esc' } : {};

/** Show it. */
export function showShortcuts() {
  document.querySelector('#help')?.remove();
  const dialog = make('dialog', { id: 'help' });
  dialog.setAttribute('aria-labelledby', 'help-title');
  const list = make('dl');
  list.append(...rows().map(([keys, meaning]) => row(keys, meaning)));
  const hint = make('p', { className: 'hint', textContent: say('shortcuts.typing') });
  dialog.append(top(), list, hint);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** The keys, with what they do. @returns {[string[], string][]} */
function rows() {
  const [sending, line] = isPhone()
    ? [['Ctrl', 'Enter'], ['Enter']]
    : [['Enter'], ['Shift', 'Enter']];
  return [
    [sending, say('shortcuts.send')],
    [line, say('shortcuts.line')],
    [['↑'], say('shortcuts.edit')],
    [['Esc'], say('shortcuts.leave')],
    ...SHORTCUTS.map(commandRow),
    [['End'], say('shortcuts.end')],
  ];
}

/** @param {typeof SHORTCUTS[number]} shortcut @returns {[string[], string]} */
function commandRow({ command, key, shift }) {
  return [['Ctrl', ...(shift ? ['Shift'] : []), key.toUpperCase()], say(`shortcuts.${command}`)];
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
