// What the reader has chosen, remembered in this browser: theme, instructions, model and effort.

import { choiceIn, optionsOf } from '../model/choices.js';
import { atMost } from '../system/time.js';
import { say } from '../system/words.js';
import { find, memory, tabMemory } from './dom.js';
import { ModelPicker } from './model-picker.js';
import { offer } from './toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Choice, FittedChoice, Meta, RequestOptions } from '../types.js' */
/** @typedef {{ onChange: (meta: Meta, own: Partial<Meta>) => void, isNew: (meta: Meta) => boolean }} Listeners */

/** What is written of them for the next new conversation of this tab. */
const INSTRUCTIONS = 'instructions';

export class Settings {
  /** Resolves once the models are known, or after three seconds without them. @type {Promise<void>} */
  loaded = Promise.resolve();
  #models;
  #web;
  #system = find('#system');
  #default = find('#default-system');
  /** Where it is said that a model is gone. @type {Set<string>} */
  #told = new Set();
  /** Whose settings are shown: the one on the page, or that which is opening. @type {Conversation | undefined} */
  #conversation;
  #on;

  /** `onChange` is called with what is chosen, and for which conversation. @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    keepTheme();
    keepTimes();
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    const set = (/** @type {Partial<Meta>} */ own) => {
      if (this.#conversation) on.onChange(this.#conversation.meta, own);
    };
    this.#system.addEventListener('input', () => {
      set({ system: this.#system.value });
      if (this.#conversation) this.#keepInstructions(this.#conversation);
    });
    const choose = (/** @type {Partial<Choice>} */ choice) => {
      remember(choice);
      set(choice);
      this.#showChoice();
    };
    this.#models = new ModelPicker(choose);
    this.#web = new WebSearch(choose);
  }

  /** Offer the models that this URL lists; `onListed` is called then. @param {string} url @param {() => void} onListed */
  load(url, onListed) {
    const listed = this.#models.load(url).then(() => {
      this.#showChoice();
      onListed();
    });
    this.loaded = atMost(listed).catch(() => undefined);
  }

  /** Show what belongs to this conversation. @param {Conversation} conversation */
  show(conversation) {
    this.belongTo(conversation);
    this.#showChoice();
  }

  /** Show it once more: the default may be another one. */
  refresh() {
    if (this.#conversation) this.show(this.#conversation);
  }

  /** What is chosen from now on belongs to this one; what was chosen in it is shown once its answers are known. @param {Conversation} conversation */
  belongTo(conversation) {
    this.#conversation = conversation;
    this.#keepInstructions(conversation);
    const { title, system = '' } = conversation.meta;
    find('#system-of').textContent = title
      ? say('choices.instructions-of', { title })
      : say('choices.instructions-new');
    this.#system.disabled = false;
    if (this.#system.value !== system) this.#system.value = system;
    this.#system.placeholder = this.#default.value || say('settings.no-system');
  }

  /** Settle what a conversation is asked with from now on; return what to send beside its messages. @param {Conversation} conversation @returns {RequestOptions} */
  settle(conversation) {
    this.#keepInstructions(conversation);
    if (this.#on.isNew(conversation.meta)) tabMemory.set(INSTRUCTIONS, ''); // they are its own now
    const system = this.instructionsOf(conversation);
    const choice = choiceOf(conversation);
    const fit = this.#models.fit(choice);
    if (fit.model) Object.assign(conversation.meta, choice, { model: fit.model.id });
    const isNew = !conversation.all.length;
    return { ...(system && { system }), ...optionsOf(choice, fit, isNew) };
  }

  /** @param {Conversation} conversation */
  instructionsOf({ meta }) {
    return meta.system?.trim() || this.#default.value.trim();
  }

  /** The model that answers in the conversation on the page, where it is known. */
  get model() {
    return this.#conversation && this.#models.fit(choiceOf(this.#conversation)).model;
  }

  /** What the operator pays, where that is told. */
  get prices() {
    return this.#models.prices;
  }

  /** Those of a conversation yet to come are its draft: they outlive another one that is looked at, and a reload. @param {Conversation} conversation */
  #keepInstructions({ meta }) {
    if (!this.#on.isNew(meta)) return;
    const written = meta.system ?? tabMemory.get(INSTRUCTIONS);
    if (written) meta.system = written;
    tabMemory.set(INSTRUCTIONS, written);
  }

  #showChoice() {
    if (!this.#conversation || !this.#models.listed.length) return;
    const { meta, all } = this.#conversation;
    const fit = this.#models.fit(choiceOf(this.#conversation));
    this.#models.show(fit);
    this.#web.show(fit);
    const { gone, model } = fit;
    const key = `${all.length && meta.id} ${gone}`;
    if (!gone || this.#told.has(key)) return;
    this.#told.add(key);
    offer(say('choices.gone', { gone, model: model?.name ?? '' }));
  }
}

/** What was chosen last in this browser: a new conversation begins with it. @param {Conversation} conversation */
function choiceOf({ meta, allAnswers }) {
  return choiceIn(meta, allAnswers, {
    model: memory.get('model'),
    effort: memory.get('effort'),
    webSearch: memory.get('web-search') === 'on',
  });
}

/** @param {Partial<Choice>} choice */
function remember({ model, effort, webSearch }) {
  if (model !== undefined) memory.set('model', model);
  if (effort !== undefined) memory.set('effort', effort);
  if (webSearch !== undefined) memory.set('web-search', webSearch ? 'on' : '');
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

/** The time of a message is shown where it is pointed at, or of all. */
function keepTimes() {
  const times = find('#times');
  const show = () => document.body.toggleAttribute('data-times', times.checked);
  times.checked = memory.get('times') === 'on';
  times.addEventListener('change', () => {
    memory.set('times', times.checked ? 'on' : '');
    show();
  });
  show();
}

/** Whether Claude may search the web: off until the reader says so, where the server and the model can. */
class WebSearch {
  #button = find('#web');

  /** @param {(choice: Partial<Choice>) => void} choose */
  constructor(choose) {
    this.#button.addEventListener('click', () =>
      choose({ webSearch: this.#button.ariaPressed !== 'true' }),
    );
  }

  /** @param {FittedChoice} choice */
  show({ model, webSearch }) {
    this.#button.hidden = model?.web_search !== true;
    this.#button.ariaPressed = String(webSearch);
  }
}
