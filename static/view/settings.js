// What the reader has chosen, remembered in this browser: theme, instructions, model and effort.

import { atMost } from '../system/time.js';
import { find, make, memory } from './dom.js';
import { signIn } from './session.js';

/** @import { Model, RequestOptions } from '../types.js' */

/** A list that has not come by then is not going to. */
const TIMEOUT_MS = 30_000;
/** @type {Record<string, string>} */
const EFFORTS = { low: 'Low', medium: 'Medium', high: 'High', xhigh: 'Very high', max: 'Highest' };

export class Settings {
  #models = new ModelPicker((model) => this.#web.offer(model?.web_search === true));
  #web = new WebSearch();
  #system = find('#system');
  #default = find('#default-system');
  /** Resolves once the models are known, or after three seconds without them. @type {Promise<void>} */
  loaded = Promise.resolve();

  /** `onSystem` is called when the instructions of this conversation change. @param {(system: string) => void} onSystem */
  constructor(onSystem) {
    keepTheme();
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    this.#system.addEventListener('input', () => onSystem(this.#system.value));
  }

  /** Offer the models that this URL lists. @param {string} url */
  load(url) {
    this.loaded = atMost(this.#models.load(url)).catch(() => undefined);
  }

  /** The instructions of the conversation on the page. @param {string} system */
  set system(system) {
    this.#system.value = system;
    this.#system.placeholder = this.#default.value || 'None: Claude answers as it does by itself.';
  }

  /** Return what to send beside the messages of a conversation with these instructions. @param {string} [system] @returns {RequestOptions} */
  requestOptions(system) {
    const instructions = system?.trim() || this.#default.value.trim();
    return {
      ...(instructions && { system: instructions }),
      ...this.#models.choice,
      ...(this.#web.isOn && { web_search: true }),
    };
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

/** Whether Claude may search the web: off until the reader says so, where the server and the model can. */
class WebSearch {
  #button = find('#web');

  constructor() {
    this.#button.addEventListener('click', () => {
      memory.set('web-search', this.isOn ? '' : 'on');
      this.#show();
    });
    this.#show();
  }

  get isOn() {
    return !this.#button.hidden && memory.get('web-search') === 'on';
  }

  /** @param {boolean} isOffered */
  offer(isOffered) {
    this.#button.hidden = !isOffered;
    this.#show();
  }

  #show() {
    this.#button.ariaPressed = String(this.isOn);
  }
}

/** Which model answers, and with how much effort: what the server offers, and what the reader has chosen. */
class ModelPicker {
  #model = find('#model');
  #effort = find('#effort');
  /** @type {Model[]} */
  #models = [];
  #default = '';
  #onModel;

  /** `onModel` is called with the model that is chosen. @param {(model?: Model) => void} onModel */
  constructor(onModel) {
    this.#onModel = onModel;
    this.#model.addEventListener('change', () => {
      memory.set('model', this.#model.value);
      this.#offerEfforts();
    });
    this.#effort.addEventListener('change', () => memory.set('effort', this.#effort.value));
  }

  /** Offer the models of the server; without a list the server's default answers. @param {string} url */
  async load(url) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.status === 401) return signIn();
      const { models, default: standard } = await response.json();
      this.#models = models;
      this.#default = standard;
    } catch {
      return;
    }
    if (Array.isArray(this.#models)) this.#offerModels();
  }

  /** The model and the effort to ask for; nothing where the server's default is chosen. */
  get choice() {
    const model = this.#model.value;
    const effort = this.#effort.hidden ? '' : this.#effort.value;
    return { ...(model && model !== this.#default && { model }), ...(effort && { effort }) };
  }

  #offerModels() {
    const chosen = memory.get('model');
    const isOffered = this.#models.some(({ id }) => id === chosen);
    this.#model.replaceChildren(...this.#models.map(optionFor));
    this.#model.value = isOffered ? chosen : this.#default;
    this.#model.hidden = this.#model.selectedIndex < 0;
    this.#offerEfforts();
  }

  #offerEfforts() {
    const model = this.#models.find(({ id }) => id === this.#model.value);
    this.#onModel(model);
    const efforts = model?.efforts ?? [];
    const options = efforts.map((effort) =>
      make('option', { value: effort, text: `${EFFORTS[effort] ?? effort} effort` }),
    );
    const chosen = memory.get('effort');
    this.#effort.replaceChildren(make('option', { value: '', text: 'Usual effort' }), ...options);
    this.#effort.value = efforts.includes(chosen) ? chosen : '';
    this.#effort.hidden = !efforts.length;
  }
}

/** @param {Model} model */
function optionFor({ id, name, lifecycle, retires_at: retiresAt }) {
  const until = retiresAt ? ` until ${retiresAt.slice(0, 10)}` : '';
  return make('option', {
    value: id,
    text: lifecycle === 'active' ? name : `${name} (${lifecycle}${until})`,
  });
}
