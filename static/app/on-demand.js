// What is loaded when it is needed: reading places with the first message, how full the context is with the first, too,
// the search with its first word, better titles with a conversation that needs one, what answers cost where there are
// prices. Without any of it the page works as well.

import { isGreeting } from '../model/title.js';
import { load } from '../system/parts.js';
import { atMost } from '../system/time.js';
import { say } from '../system/words.js';
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
  /** Reports answers while the page is hidden. @type {import('./away.js').Away | undefined} */
  away;
  #chat;
  /** @type {import('./places.js').Places | undefined} */
  #places;
  /** @type {typeof import('./measures.js') | undefined} */
  #measures;

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Called when the page becomes hidden or visible. */
  async visibilityChanged() {
    if (document.hidden && !this.away) {
      const { followed } = this.#chat.runner; // of which some may end while this is loading
      const part = await load('app/away.js').catch(() => undefined); // then the tab does not change
      if (part) this.away ??= new part.Away(this.#chat, followed);
    }
    this.#chat.refresh();
  }

  /** Look for these words. @param {string} words */
  async find(words) {
    await this.loadFinding();
    this.finding?.look(words);
  }

  async loadFinding() {
    const { Finding } = await load('app/finding.js');
    this.finding ??= new Finding(this.#chat);
  }

  /** Do what the menu of this conversation's entry stands for. @param {string} act @param {string} id */
  async act(act, id) {
    if (act === 'delete') return this.#chat.deletions.delete([id]); // what is typed next is not for it
    const { actOn } = await load('app/row-acts.js');
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
    const places = await atMost(load('app/places.js')).catch(() => undefined);
    if (places) this.#places ??= new places.Places(this.#chat);
  }

  /** Keep where the reader is in the conversation on the page. */
  keepPlace() {
    this.#places?.keep();
  }

  /** Where an answer is written, its end is followed; otherwise the reader returns to where they were. */
  goToPlace() {
    const { current, runner, transcript } = this.#chat;
    const { id } = current.meta;
    const message = shownMessage();
    if (message && current.message(message)) return this.show(message);
    if (runner.isAnswering(id) || !this.#places?.restore(id)) transcript.pin();
    this.finding?.opened('');
  }

  /** The address names none that is here: say so, with the ways on. @param {string} id */
  async tellMissing(id) {
    const missing = await load('app/missing.js').catch(() => undefined);
    if (missing) missing.tellMissing(this.#chat, id);
    else this.#chat.composer.notice = say('missing.title');
  }

  /** Say how full the model's context is. */
  async measure() {
    const isShort = find('#prompt').value.length < LONG_CHARACTERS;
    if (!this.#measures && isShort && !this.#chat.current.all.length) return;
    this.#measures ??= await load('app/measures.js').catch(() => undefined); // the next time
    this.#measures?.measure(this.#chat);
  }

  /** The models are known, and perhaps what they cost. @param {Store} store */
  async listed(store) {
    for (const event of ['input', 'change'])
      find('#composer').addEventListener(event, () => this.measure());
    this.measure();
    const { prices } = this.#chat.settings;
    if (!prices) return;
    const money = await load('app/money.js').catch(() => undefined);
    money?.showMoney(this.#chat, prices, store);
  }

  /** Remove the files to which no message and no draft refers, later, and again after an hour. @param {Store} store */
  sweep(store, delay = SWEEP_AFTER_MS) {
    if (!memory.get('files')) return;
    setTimeout(async () => {
      await load('app/kept-files.js')
        .then(({ sweepFiles }) =>
          sweepFiles(
            async () => store.all('messages'),
            () => this.#chat.drafts.fileIds(),
          ),
        )
        .catch(() => {}); // the next time
      this.sweep(store, SWEEP_EVERY_MS);
    }, delay);
  }

  /** The title that was made of the question may be a greeting, or the server has a model for it. @param {Conversation} conversation @param {Answer} answer */
  async entitle(conversation, answer) {
    void this.loadPlaces();
    const { renamed, title } = conversation.meta;
    if (renamed || !(document.body.dataset.titleModel || isGreeting(title))) return;
    const titling = await load('app/titling.js').catch(() => undefined);
    await titling?.entitle(this.#chat, conversation, answer);
  }
}
