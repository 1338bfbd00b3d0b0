// Keys and what they mean, on machines and layouts of many kinds.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SHORTCUTS, commandOf, isText, meaningOf } from '../../static/model/keys.js';

/** Return an event from its notation: `Ctrl+Shift+o KeyO`, where the code may be left out. */
function press(notation) {
  const [keys, code] = notation.split(' ');
  const held = keys.split('+');
  const key = held.pop() || '+';
  return {
    key,
    code: code ?? (/^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : ''),
    ctrlKey: held.includes('Ctrl'),
    metaKey: held.includes('Meta'),
    altKey: held.includes('Alt'),
    shiftKey: held.includes('Shift'),
    isAltGraph: held.includes('AltGr'),
  };
}

/** [keys, the command elsewhere, the command on Apple's machines] */
const COMMANDS = [
  ['Ctrl+k', 'search', ''],
  ['Meta+k', '', 'search'],
  ['Ctrl+K', 'search', ''], // Caps Lock
  ['Ctrl+Shift+K', '', ''], // Firefox's console
  ['Ctrl+Alt+k', '', ''], // AltGr in Windows
  ['Ctrl+Meta+k', '', ''],
  ['Ctrl+л KeyK', 'search', ''], // Russian
  ['Ctrl+ن KeyK', 'search', ''], // Arabic
  ['Meta+κ KeyK', '', 'search'], // Greek
  ['Ctrl+t KeyK', '', ''], // Dvorak: that place is another letter
  ['Ctrl+k KeyV', 'search', ''], // and this is the right one
  ['Ctrl+Shift+O', 'new', ''],
  ['Meta+Shift+o', '', 'new'],
  ['Ctrl+o', '', ''], // opens a file
  ['Ctrl+Shift+Щ KeyO', 'new', ''],
  ['Ctrl+Shift+S', 'menu', ''],
  ['Ctrl+s', '', ''], // saves the page
  ['Ctrl+Shift+L', 'copy', ''],
  ['Ctrl+l', '', ''], // the address
  ['Ctrl+Shift+C', '', ''], // the developer tools
  ['Ctrl+/ Slash', 'help', ''],
  ['Meta+/ Slash', '', 'help'],
  ['Ctrl+Shift+/ Digit7', 'help', ''], // German
  ['Ctrl+Shift+/ Period', 'help', ''], // French
  ['Ctrl+. Slash', 'help', ''], // Russian
  ['Ctrl+ظ Slash', 'help', ''], // Arabic
  ['Ctrl+- Slash', '', ''], // German: makes the page smaller
  ['Ctrl+z Slash', '', ''], // Dvorak: undoes
  ['Ctrl+/ KeyQ', '', ''], // Hebrew: quits the browser
  ['Ctrl+Enter', '', ''],
  ['Ctrl+c', '', ''],
  ['Ctrl+r', '', ''],
];

for (const [keys, elsewhere, apple] of COMMANDS) {
  test(`${keys} asks for ${elsewhere || 'nothing'}, on Apple's for ${apple || 'nothing'}`, () => {
    assert.equal(commandOf(press(keys), false), elsewhere);
    assert.equal(commandOf(press(keys), true), apple);
  });
}

test('no key alone is a command, nor one with Shift or Alt', () => {
  const keys = [...Array(95).keys()].map((n) => String.fromCharCode(n + 32));
  for (const held of ['', 'Shift+', 'Alt+', 'Shift+Alt+'])
    for (const key of [...keys, 'Enter', 'Delete', 'F1', 'Escape', 'ArrowUp'])
      for (const isApple of [false, true]) {
        const event = { ...press(`${held}x`), key };
        assert.equal(commandOf(event, isApple), '', `${held}${key}`);
      }
});

test('no shortcut asks anything of Claude', () => {
  const free = ['search', 'new', 'menu', 'copy', 'help'];
  assert.deepEqual(
    SHORTCUTS.map(({ command }) => command),
    free,
  );
});

/** [keys, whether they write elsewhere, and on Apple's machines] */
const TEXT = [
  ['r', true, true],
  ['Shift+R', true, true],
  ['?', true, true],
  ['/', true, true],
  ['é', true, true],
  ['ж', true, true],
  ['あ', true, true],
  ['لا', true, true], // one key, two letters
  ['😀', true, true],
  ['Dead', true, true],
  ['Process', true, true],
  ['Ctrl+Alt+AltGr+@', true, true],
  ['AltGr+€', true, true],
  ['Alt+@', false, true], // the option key writes; elsewhere Alt opens menus
  ['Ctrl+c', false, false],
  ['Meta+c', false, false],
  ['Ctrl+Alt+x', false, false], // VoiceOver's keys
  ['Enter', false, false],
  ['Tab', false, false],
  ['Escape', false, false],
  ['Control', false, false],
  ['Shift', false, false],
  ['PageDown', false, false],
  ['End', false, false],
  ['F5', false, false],
  ['Backspace', false, false],
];

for (const [keys, elsewhere, apple] of TEXT) {
  test(`${keys} ${elsewhere ? 'is' : 'is no'} text, on Apple's it ${apple ? 'is' : 'is not'}`, () => {
    assert.equal(isText(press(keys), false), elsewhere);
    assert.equal(isText(press(keys), true), apple);
  });
}

test('Space is no text: it scrolls, or presses a button', () => {
  assert.equal(isText({ ...press('x'), key: ' ' }, false), false);
});

/** [keys, text in the field, meaning, meaning on a phone] */
const IN_FIELD = [
  ['Enter', 'text', 'send', ''],
  ['Enter', '', 'send', ''],
  ['Shift+Enter', 'text', '', ''],
  ['Alt+Enter', 'text', '', ''],
  ['Ctrl+Enter', 'text', 'send', 'send'],
  ['Meta+Enter', 'text', 'send', 'send'],
  ['ArrowUp', '', 'up', 'up'],
  ['ArrowUp', 'text', '', ''],
  ['Ctrl+ArrowUp', '', '', ''],
  ['Alt+ArrowUp', '', '', ''],
  ['Shift+ArrowUp', '', '', ''],
  ['Escape', 'text', 'leave', 'leave'],
  ['x', '', '', ''],
];

for (const [keys, text, desk, phone] of IN_FIELD) {
  test(`${keys} in a field with “${text}” means ${desk || 'itself'}, on a phone ${phone || 'itself'}`, () => {
    assert.equal(meaningOf(press(keys), text, false), desk);
    assert.equal(meaningOf(press(keys), text, true), phone);
  });
}
