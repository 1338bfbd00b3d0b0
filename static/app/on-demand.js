// What is loaded when it is needed: reading places with the first message, how full the context is with the first, too,
// the search with its first word, better titles with a conversation that needs one, what answers cost where there are
// prices. Without any of it the page works as well.

import { isGreeting } from '../model/title.js';
import { load } from '../system/parts.js';
import { atMost } from '../system/time.js';
import { find, memory, shownMessage } from '../view/dom.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Store } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/** Files that nothing refers to are removed when the page has long been started. */
const SWEEP_AFTER_MS = 20_000;
const SWEEP_EVERY_MS = 3_600_000;
/** A question that may fill a model's context by itself. */
const LONG_CHARACTERS = 20_000;

export class OnDemand {
  /** @type {import('./finding.js').Finding | undefined} */
  finding;
  #chat;
  /** @type {import('./places.js').Places | undefined} */
  #places;

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Look for these words. @param {string} words */
  async find(words) {
    const { Finding } = await import('./finding.js');
    this.finding ??= new Finding(this.#chat);
    this.finding.look(words);
  }

  /** Do what the menu of this conversation's entry stands for. @param {string} act @param {string} id */
  async act(act, id) {
    const { actOn } = await import('./row-acts.js');
    await actOn(this.#chat, act, id);
  }

  /** Show this message; where something is looked for, its first hit. @param {string} message */
  show(message) {
    this.reveal(message);
    this.finding?.opened(message);
  }

  /** Show a message of the conversation on the page, another version if need be, and there this range. @param {string} id @param {() => Range | undefined} [range] */
  reveal(id, range) {
    const { current, conversations, transcript } = this.#chat;
    const message = current.message(id);
    if (!message) return;
    if (!transcript.has(id)) {
      conversations.choose(current, message);
      this.#chat.arrange();
    }
    this.#places?.reveal(id, range);
  }

  async loadPlaces() {
    if (this.#places) return;
    const places = await atMost(import('./places.js')).catch(() => undefined);
    if (places) this.#places ??= new places.Places(this.#chat);
  }

  /** Keep where the reader is in the conversation on the page. */
  keepPlace() {
    this.#places?.keep();
  }

  /** Where an answer is written, its end is followed; else the reader returns to where they were. */
  goToPlace() {
    const { current, runner, transcript } = this.#chat;
    const { id } = current.meta;
    const message = shownMessage();
    if (message && current.message(message)) return this.show(message);
    if (runner.isAnswering(id) || !this.#places?.restore(id)) transcript.pin();
    this.finding?.opened('');
  }

  /** Say how full the model's context is. */
  async measure() {
    const { current } = this.#chat;
    if (!current.all.length && find('#prompt').value.length < LONG_CHARACTERS) return;
    const measures = await load('app/measures.js').catch(() => undefined); // the next time
    measures?.measure(this.#chat);
  }

  /** The models are known, and perhaps what they cost. @param {Store} store */
  async listed(store) {
    find('#composer').addEventListener('input', () => this.measure());
    this.measure();
    const { prices } = this.#chat.settings;
    if (!prices) return;
    const money = await load('app/money.js').catch(() => undefined);
    money?.showMoney(this.#chat, prices, store);
  }

  /** Remove the files that nothing refers to, later, and again after an hour. @param {Store} store */
  sweep(store, delay = SWEEP_AFTER_MS) {
    if (!memory.get('files')) return;
    setTimeout(async () => {
      const { sweepFiles } = await load('app/kept-files.js');
      await sweepFiles(async () => store.all('messages')).catch(() => {}); // the next time
      this.sweep(store, SWEEP_EVERY_MS);
    }, delay);
  }

  /** The title that was made of the question may be a greeting, or the server has a model for it. @param {Conversation} conversation @param {Answer} answer */
  async entitle(conversation, answer) {
    const { renamed, title } = conversation.meta;
    if (renamed || !(document.body.dataset.titleModel || isGreeting(title))) return;
    const titling = await import('./titling.js').catch(() => undefined);
    await titling?.entitle(this.#chat, conversation, answer);
  }
}
