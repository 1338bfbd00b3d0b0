// Looking for words in all conversations: the list shows what is found, the conversation on the page has it marked, and
// the reader goes from hit to hit, into hidden versions too.

import { termsOf } from '../model/folding.js';
import { SearchIndex } from '../model/search-index.js';
import { Channel } from '../system/channel.js';
import { find } from '../view/dom.js';
import { HitBar } from '../view/hit-bar.js';
import { HitMarks } from '../view/hit-marks.js';

/** @import { Found } from '../model/search-index.js' */
/** @import { ChatController } from './chat-controller.js' */
/** @typedef {{ message: string, place: number }} Hit the id of the message, and which of the marks in it */

/** A key that follows this soon makes the search before it pointless. */
const PAUSE_MS = 70;
const REDRAW_MS = 100;

export class Finding {
  #chat;
  #index = new SearchIndex(nextTask);
  #marks = new HitMarks(find('#log'), () => this.#remark());
  #bar = new HitBar({
    step: (step) => this.step(step),
    close: () => this.#chat.sidebar.endSearch(),
  });
  /** @type {string[]} */
  #terms = [];
  #turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isRead = false;
  /** Those of the conversation on the page, in the order in which they are visited. @type {Hit[]} */
  #hits = [];
  #at = -1;
  /** The conversation and the terms that these hits belong to. */
  #key = '';

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
    // What this tab writes is heard as well: the channel is another one than the store's.
    new Channel('claude-sse').addEventListener('message', (/** @type {any} */ { data }) => {
      if (!Array.isArray(data)) return;
      this.#index.apply(data);
      this.#soon(REDRAW_MS);
    });
    void this.read();
  }

  /** Look for these words; '' ends it. @param {string} words */
  look(words) {
    this.#terms = termsOf(words);
    this.#turn += 1; // one that is under way ends
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#terms.length) return this.#soon(PAUSE_MS);
    if (words.trim()) return;
    this.#chat.sidebar.found = undefined;
    this.#mark();
  }

  /** A conversation is on the page now; `message` is to be shown. @param {string} message */
  opened(message) {
    if (!this.#terms.length) return;
    this.#mark();
    const at = this.#hits.findIndex((hit) => hit.message === message);
    if (at >= 0) this.#goTo(at);
  }

  /** Go to the hit that is `step` hits after this one; from the list, into the first conversation that was found. @param {number} step */
  step(step) {
    if (!this.#terms.length) return;
    this.#mark();
    const { length } = this.#hits;
    if (!length) return find('#list').querySelector('a')?.click();
    const from = this.#at < 0 && step < 0 ? 0 : this.#at;
    this.#goTo((from + step + length) % length);
  }

  /** Take in what is stored, also when there is more of it. */
  async read() {
    await this.#index
      .read(this.#chat.conversations.said(), () => this.#soon(REDRAW_MS))
      .catch(() => {});
    this.#isRead = true;
    this.#soon(0);
  }

  /** @param {number} ms */
  #soon(ms) {
    if (!this.#terms.length) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#search();
    }, ms);
  }

  async #search() {
    const turn = (this.#turn += 1);
    const isOver = () => turn !== this.#turn;
    /** @type {Map<string, Found>} */
    const found = new Map();
    let drawn = performance.now();
    this.#mark(); // first: what is listed then is marked for these words
    for await (const one of this.#index.search(
      this.#chat.conversations.metas,
      this.#terms,
      isOver,
    )) {
      found.set(one.id, one);
      if (performance.now() - drawn < REDRAW_MS) continue;
      this.#show(found, false);
      drawn = performance.now();
    }
    if (isOver()) return;
    this.#show(found, this.#isRead);
    this.#mark();
  }

  /** @param {Map<string, Found>} found @param {boolean} isOver */
  #show(found, isOver) {
    const mark = (/** @type {Element} */ entry) => {
      for (const text of entry.querySelectorAll('.name, small')) this.#marks.mark(text);
    };
    const words = this.#terms.join(' ');
    this.#chat.sidebar.found = { words, ids: new Map(found), isOver, mark };
  }

  /** Mark what is looked for in the conversation on the page; the hits that are known stay in their order. */
  #mark() {
    const { current } = this.#chat;
    const key = `${current.meta.id} ${this.#terms.join('\n')}`;
    const isSame = key === this.#key;
    const at = isSame ? this.#hits[this.#at] : undefined;
    const counts = this.#terms.length
      ? this.#index.hitsIn(current.meta.id, this.#terms)
      : new Map();
    const known = isSame ? this.#hits.map(({ message }) => message) : [];
    const order = new Set([
      ...known,
      ...current.messages.map(({ id }) => id),
      ...current.all.map(({ id }) => id),
    ]);
    this.#hits = [...order].flatMap((message) =>
      Array.from({ length: counts.get(message) ?? 0 }, (_, place) => ({ message, place })),
    );
    this.#at = this.#hits.findIndex(
      ({ message, place }) => message === at?.message && place === at.place,
    );
    if (!isSame) this.#marks.look(this.#terms);
    this.#key = key;
    this.#bar.show(this.#at + 1, this.#hits.length);
  }

  /** The marks have been redrawn: mark the current hit again. */
  #remark() {
    const hit = this.#hits[this.#at];
    if (hit) this.#marks.here(this.#rangeOf(hit));
  }

  /** @param {number} at */
  #goTo(at) {
    this.#at = at;
    const hit = this.#hits[at];
    this.#chat.onDemand.reveal(hit.message, () => this.#rangeOf(hit));
    this.#remark();
    this.#bar.show(at + 1, this.#hits.length);
  }

  /** Where Markdown shows less than was written, the last mark stands for those that are missing. @param {Hit} hit */
  #rangeOf({ message, place }) {
    const marks = this.#marks.in(this.#chat.transcript.article(message));
    return marks[Math.min(place, marks.length - 1)];
  }
}

/** Resolves when the browser has had its turn; a timer would wait for 4 ms. */
function nextTask() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });
}
