// What the reader has chosen, remembered in this browser: theme, instructions, model and effort.

import { choiceIn, fitted, optionsOf } from '../model/choices.js';
import { atMost } from '../system/time.js';
import { knows, locale, say } from '../system/words.js';
import { find, make, memory } from './dom.js';
import { signIn } from './session.js';
import { offer } from './toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Choice, FittedChoice, Meta, Model, PriceList, RequestOptions } from '../types.js' */

/** A list that has not come by then is not going to. */
const TIMEOUT_MS = 30_000;

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

  /** `onChange` is called with what is chosen, and for which conversation. @param {(meta: Meta, own: Partial<Meta>) => void} onChange */
  constructor(onChange) {
    keepTheme();
    keepTimes();
    this.#default.value = memory.get('system');
    this.#default.addEventListener('input', () => memory.set('system', this.#default.value));
    const set = (/** @type {Partial<Meta>} */ own) => {
      if (this.#conversation) onChange(this.#conversation.meta, own);
    };
    this.#system.addEventListener('input', () => set({ system: this.#system.value }));
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

  /** What is chosen from now on belongs to this one; what was chosen in it is shown once its answers are known. @param {Conversation} conversation */
  belongTo(conversation) {
    this.#conversation = conversation;
    const { title, system = '' } = conversation.meta;
    find('#system-of').textContent = title
      ? say('choices.instructions-of', { title })
      : say('choices.instructions-new');
    if (this.#system.value !== system) this.#system.value = system;
    this.#system.placeholder = this.#default.value || say('settings.no-system');
  }

  /** Settle what a conversation is asked with from now on; return what to send beside its messages. @param {Conversation} conversation @returns {RequestOptions} */
  settle(conversation) {
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

/** Which model answers, and with how much effort: what the server offers, and what is chosen. */
class ModelPicker {
  /** What the server lists. @type {Model[]} */
  listed = [];
  /** @type {PriceList | undefined} */
  prices;
  #model = find('#model');
  #effort = find('#effort');
  #default = '';

  /** @param {(choice: Partial<Choice>) => void} choose */
  constructor(choose) {
    this.#model.addEventListener('change', () => choose({ model: this.#model.value }));
    this.#effort.addEventListener('change', () => choose({ effort: this.#effort.value }));
  }

  /** Offer the models of the server; without a list the server's default answers. @param {string} url */
  async load(url) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.status === 401) return signIn();
      const { models, default: standard, prices } = await response.json();
      this.#default = standard;
      this.prices = prices;
      if (Array.isArray(models)) this.listed = models;
    } catch {
      return;
    }
    this.#model.replaceChildren(...this.listed.map(optionFor));
  }

  /** Return what of this can be had. @param {Choice} choice */
  fit(choice) {
    return fitted(choice, this.listed, this.#default);
  }

  /** @param {FittedChoice} choice */
  show({ model, effort }) {
    this.#model.value = model?.id ?? '';
    this.#model.hidden = this.#model.selectedIndex < 0;
    const efforts = model?.efforts ?? [];
    const offered = Array.from(this.#effort.options, ({ value }) => value).join(' ');
    if (offered !== ['', ...efforts].join(' ')) this.#offerEfforts(efforts);
    this.#effort.value = effort;
    this.#effort.hidden = !efforts.length;
  }

  /** @param {string[]} efforts */
  #offerEfforts(efforts) {
    const options = efforts.map((effort) =>
      make('option', {
        value: effort,
        text: knows(`effort.${effort}`) ? say(`effort.${effort}`) : say('effort.other', { effort }),
      }),
    );
    this.#effort.replaceChildren(
      make('option', { value: '', text: say('effort.usual') }),
      ...options,
    );
  }
}

/** @param {Model} model */
function optionFor({ id, name, lifecycle, retires_at: retiresAt }) {
  const text = lifecycle === 'active' ? name : deprecated(name, retiresAt);
  // On a phone there is room for what tells the models apart.
  const label = matchMedia('(max-width: 40rem)').matches ? text.replace(/^Claude /, '') : text;
  return make('option', { value: id, text, label });
}

/** @param {string} name @param {string | null} [retiresAt] */
function deprecated(name, retiresAt) {
  if (!retiresAt) return say('choices.deprecated', { name });
  return say('choices.deprecated-until', { name, date: dayOf(retiresAt) });
}

/** Return a day that has no hour, as the language writes it. @param {string} date */
const dayOf = (date) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(new Date(date));
