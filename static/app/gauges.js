// What is told of a conversation beside its text: how full the model's context is, and what it costs. What tells it is
// loaded once there is something to tell.

import { find } from '../view/dom.js';

/** @import { Store } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/** A question that may fill a model's context by itself. */
const LONG_CHARACTERS = 20_000;

export class Gauges {
  #chat;
  #store;

  /** @param {ChatController} chat @param {Store} store */
  constructor(chat, store) {
    this.#chat = chat;
    this.#store = store;
    find('#composer').addEventListener('input', () => this.measure());
  }

  /** Say how full the model's context is. */
  async measure() {
    const { current } = this.#chat;
    if (!current.all.length && find('#prompt').value.length < LONG_CHARACTERS) return;
    const measures = await import('./measures.js').catch(() => undefined); // the next time
    measures?.measure(this.#chat);
  }

  /** The models are known, and perhaps what they cost. */
  async listed() {
    this.measure();
    const { prices } = this.#chat.settings;
    if (!prices) return;
    const money = await import('./money.js').catch(() => undefined);
    money?.showMoney(this.#chat, prices);
  }

  /** Say in the settings what was spent, where that can be known. */
  async tellSpent() {
    const { prices } = this.#chat.settings;
    if (!prices) return;
    const money = await import('./money.js');
    money.tellSpent(this.#chat, prices, await this.#store.all('messages'));
  }
}
