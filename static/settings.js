// What the reader has chosen, remembered in this browser: model, effort, theme, instructions.

import { find, make, memory } from './page.js';

/** @import { Ask, Model } from './types.js' */

/** @type {Record<string, string>} */
const EFFORTS = { low: 'Low', medium: 'Medium', high: 'High', xhigh: 'Very high', max: 'Highest' };

export class Settings {
  #model = find('#model', HTMLSelectElement);
  #effort = find('#effort', HTMLSelectElement);
  #system = find('#system', HTMLTextAreaElement);
  #default = find('#default-system', HTMLTextAreaElement);
  /** @type {Model[]} */
  #models = [];
  #standard = '';

  /** @param {(system: string) => void} onSystem the instructions of this conversation have changed */
  constructor(onSystem) {
    const theme = find('#theme');
    for (const choice of theme.querySelectorAll('input')) choice.checked = choice.value === memory.get('theme');
    theme.addEventListener('change', (event) => {
      const { value } = /** @type {HTMLInputElement} */ (event.target);
      memory.set('theme', value);
      document.documentElement.dataset.theme = value;
    });
    const shortcuts = find('#shortcuts', HTMLInputElement);
    shortcuts.checked = memory.get('shortcuts') !== 'off';
    shortcuts.addEventListener('change', () => memory.set('shortcuts', shortcuts.checked ? '' : 'off'));
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    this.#system.addEventListener('input', () => onSystem(this.#system.value));
    this.#model.addEventListener('change', () => {
      memory.set('model', this.#model.value);
      this.#offerEfforts();
    });
    this.#effort.addEventListener('change', () => memory.set('effort', this.#effort.value));
  }

  /** Offer the models that there are; without a list the server's own choice answers. @param {string} url */
  async load(url) {
    try {
      const { models, default: standard } = await (await fetch(url)).json();
      this.#models = models;
      this.#standard = standard;
    } catch {
      return;
    }
    if (!Array.isArray(this.#models)) return;
    const chosen = memory.get('model');
    this.#model.replaceChildren(...this.#models.map((model) => {
      const retires = model.retires_at ? ` until ${model.retires_at.slice(0, 10)}` : '';
      return make('option', { value: model.id }, model.name + (model.lifecycle === 'active' ? '' : ` (${model.lifecycle}${retires})`));
    }));
    this.#model.value = this.#models.some(({ id }) => id === chosen) ? chosen : this.#standard;
    this.#model.hidden = this.#model.selectedIndex < 0;
    this.#offerEfforts();
  }

  /** The instructions of the conversation on the page. @param {string} system */
  set system(system) {
    this.#system.value = system;
    this.#system.placeholder = this.#default.value || 'None: Claude answers as it does by itself.';
  }

  /** What to send beside the messages. @param {string} [system] @returns {Ask} */
  ask(system) {
    const instructions = system?.trim() || this.#default.value.trim();
    const model = this.#model.value;
    return {
      ...(instructions && { system: instructions }),
      ...(model && model !== this.#standard && { model }),
      ...(!this.#effort.hidden && this.#effort.value && { effort: this.#effort.value }),
    };
  }

  #offerEfforts() {
    const efforts = this.#models.find(({ id }) => id === this.#model.value)?.efforts ?? [];
    this.#effort.replaceChildren(make('option', { value: '' }, 'Usual effort'),
      ...efforts.map((effort) => make('option', { value: effort }, `${EFFORTS[effort] ?? effort} effort`)));
    const chosen = memory.get('effort');
    this.#effort.value = efforts.includes(chosen) ? chosen : '';
    this.#effort.hidden = !efforts.length;
  }
}
