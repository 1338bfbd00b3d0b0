// What the reader has chosen, remembered in this browser: model, effort, theme, instructions.

import { find, make, memory } from './dom.js';
import { signIn } from './session.js';

/** @import { Ask, Model } from '../types.js' */

const EFFORTS = { low: 'Low', medium: 'Medium', high: 'High', xhigh: 'Very high', max: 'Highest' };

export class Settings {
  #model = find('#model');
  #effort = find('#effort');
  #system = find('#system');
  #default = find('#default-system');
  /** @type {Model[]} */
  #models = [];
  #standard = '';

  /** `onSystem`: the instructions of this conversation have changed. */
  constructor(onSystem) {
    const theme = find('#theme');
    for (const choice of theme.querySelectorAll('input'))
      choice.checked = choice.value === memory.get('theme');
    theme.addEventListener('change', ({ target: { value } }) => {
      memory.set('theme', value);
      document.documentElement.dataset.theme = value;
    });
    const shortcuts = find('#shortcuts');
    shortcuts.checked = memory.get('shortcuts') !== 'off';
    shortcuts.addEventListener('change', () =>
      memory.set('shortcuts', shortcuts.checked ? '' : 'off'),
    );
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    this.#system.addEventListener('input', () => onSystem(this.#system.value));
    this.#model.addEventListener('change', () => {
      memory.set('model', this.#model.value);
      this.#offerEfforts();
    });
    this.#effort.addEventListener('change', () => memory.set('effort', this.#effort.value));
  }

  /** Offer the models that there are; without a list the server's own choice answers. */
  async load(url) {
    try {
      const response = await fetch(url);
      if (response.status === 401) return signIn();
      const { models, default: standard } = await response.json();
      this.#models = models;
      this.#standard = standard;
    } catch {
      return;
    }
    if (!Array.isArray(this.#models)) return;
    const chosen = memory.get('model');
    this.#model.replaceChildren(
      ...this.#models.map((model) => {
        const retires = model.retires_at ? ` until ${model.retires_at.slice(0, 10)}` : '';
        return make('option', {
          value: model.id,
          text:
            model.name + (model.lifecycle === 'active' ? '' : ` (${model.lifecycle}${retires})`),
        });
      }),
    );
    this.#model.value = this.#models.some(({ id }) => id === chosen) ? chosen : this.#standard;
    this.#model.hidden = this.#model.selectedIndex < 0;
    this.#offerEfforts();
  }

  /** The instructions of the conversation on the page. */
  set system(system) {
    this.#system.value = system;
    this.#system.placeholder = this.#default.value || 'None: Claude answers as it does by itself.';
  }

  /** What to send beside the messages. @returns {Ask} */
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
    this.#effort.replaceChildren(
      make('option', { value: '', text: 'Usual effort' }),
      ...efforts.map((effort) =>
        make('option', { value: effort, text: `${EFFORTS[effort] ?? effort} effort` }),
      ),
    );
    const chosen = memory.get('effort');
    this.#effort.value = efforts.includes(chosen) ? chosen : '';
    this.#effort.hidden = !efforts.length;
  }
}
