// Which model answers, and with how much effort: what the server offers, and what is chosen.

import { fitted } from '../model/choices.js';
import { knows, locale, say } from '../system/words.js';
import { find, make } from './dom.js';
import { signIn } from './session.js';

/** @import { Choice, FittedChoice, Model, PriceList } from '../types.js' */

/** A list that has not come by then is not going to. */
const TIMEOUT_MS = 30_000;

export class ModelPicker {
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
