// What the reader has chosen, remembered in this browser: theme, shortcuts, instructions, model and effort.

import { find, memory } from './dom.js';
import { ModelPicker } from './model-picker.js';

/** @import { RequestOptions } from '../types.js' */

export class Settings {
  #models = new ModelPicker();
  #system = find('#system');
  #default = find('#default-system');

  /** `onSystem` is called when the instructions of this conversation change. @param {(system: string) => void} onSystem */
  constructor(onSystem) {
    keepTheme();
    keepShortcuts();
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    this.#system.addEventListener('input', () => onSystem(this.#system.value));
  }

  /** Offer the models that this URL lists. @param {string} url */
  load(url) {
    return this.#models.load(url);
  }

  /** The instructions of the conversation on the page. @param {string} system */
  set system(system) {
    this.#system.value = system;
    this.#system.placeholder = this.#default.value || 'None: Claude answers as it does by itself.';
  }

  /** Return what to send beside the messages of a conversation with these instructions. @param {string} [system] @returns {RequestOptions} */
  requestOptions(system) {
    const instructions = system?.trim() || this.#default.value.trim();
    return { ...(instructions && { system: instructions }), ...this.#models.choice };
  }
}

function keepTheme() {
  const theme = find('#theme');
  for (const choice of theme.querySelectorAll('input'))
    choice.checked = choice.value === memory.get('theme');
  theme.addEventListener('change', (/** @type {any} */ { target: { value } }) => {
    memory.set('theme', value);
    document.documentElement.dataset.theme = value;
  });
}

function keepShortcuts() {
  const shortcuts = find('#shortcuts');
  shortcuts.checked = memory.get('shortcuts') !== 'off';
  shortcuts.addEventListener('change', () =>
    memory.set('shortcuts', shortcuts.checked ? '' : 'off'),
  );
}
