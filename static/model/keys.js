// What a key means: a command, text for the field, or something in the field. Nothing that costs money is on a key
// alone, and no command on a letter alone: that is text.

/**
 * @typedef {Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>} Key
 * @typedef {{ command: string, key: string, shift?: boolean }} Shortcut `shift`: whether Shift is held, too; undefined: either.
 */

/** Each with Ctrl, or ⌘ on Apple's machines. @type {Shortcut[]} */
export const SHORTCUTS = [
  { command: 'search', key: 'k', shift: false },
  { command: 'new', key: 'o', shift: true },
  { command: 'menu', key: 's', shift: true },
  { command: 'copy', key: 'l', shift: true }, // C is the browser's: it opens the developer tools
  { command: 'help', key: '/' }, // on many layouts that is Shift+7
];
/** Such a key begins a character that an input method or the next key completes. */
const BEGINNINGS = ['Dead', 'Process'];

/** Return the command that this key asks for; '' if none. @param {Key} key @param {boolean} isApple */
export function commandOf(key, isApple) {
  const { ctrlKey, metaKey, altKey, shiftKey } = key;
  if (altKey || ctrlKey === isApple || metaKey !== isApple) return ''; // AltGr is Ctrl+Alt in Windows
  const found = SHORTCUTS.find(
    ({ key: name, shift = shiftKey }) => shift === shiftKey && isKey(key, name),
  );
  return found?.command ?? '';
}

/** By what it writes; where a layout has no Latin letters, by its place. @param {Key} pressed @param {string} name */
function isKey({ key, code }, name) {
  if (name === '/') return isSlash(key, code);
  return key.toLowerCase() === name || (isForeign(key) && code === `Key${name.toUpperCase()}`);
}

/** Its place writes a full stop in Russian and Hebrew, a `z` in Dvorak; in Hebrew it is at Q, which quits. @param {string} key @param {string} code */
function isSlash(key, code) {
  return code === 'Slash' ? '/?.'.includes(key) || isForeign(key) : key === '/' && !isLetter(code);
}

/** @param {string} code */
const isLetter = (code) => code.startsWith('Key');
/** @param {string} key */
const isForeign = (key) => /[^\p{Script=Latin} -~]/u.test(key);

/** Return whether this key writes something, so that it belongs into the field; Space scrolls, or presses a button. @param {Key & { isAltGraph?: boolean }} event @param {boolean} isApple */
export function isText({ key, ctrlKey, metaKey, altKey, isAltGraph = false }, isApple) {
  if (!isAltGraph && (ctrlKey || metaKey || (altKey && !isApple))) return false;
  if (key === ' ') return false;
  return [...key].length === 1 || /[^ -~]/.test(key) || BEGINNINGS.includes(key);
}

/**
 * Return what this key in the field asks for: `send`, `leave`, `up`, or '' for nothing but itself. On a phone Enter
 * starts a new line, as there is no Shift+Enter.
 *
 * @param {Key} key
 * @param {string} text in the field
 * @param {boolean} isPhone
 */
export function meaningOf({ key, ctrlKey, metaKey, altKey, shiftKey }, text, isPhone) {
  if (key === 'Escape') return 'leave';
  if (altKey || shiftKey) return '';
  const isSpecial = ctrlKey || metaKey;
  if (key === 'ArrowUp') return text || isSpecial ? '' : 'up';
  return key === 'Enter' && (isSpecial || !isPhone) ? 'send' : '';
}
