// The conversation as the reader sees it. It draws at most once a frame, and only ever adds to the text;
// stored answers become Markdown when they come near the screen.

import { load } from '../system/parts.js';
import { Autoscroll } from './autoscroll.js';
import { Copying } from './copying.js';
import { find } from './dom.js';
import { MessageView } from './message-view.js';

/** @import { GrowingText, MarkdownLibrary, Message } from '../types.js' */

const NEAR = '1000px';

export class Transcript {
  #log = find('#log');
  #autoscroll = new Autoscroll(this.#log, find('#jump'));
  #copying = new Copying(this.#log, (id) => this.#views.get(id)?.source);
  #growingText;
  #onAction;
  /** @type {Map<string, MessageView>} */
  #views = new Map();
  /** @type {Set<MessageView>} */
  #changed = new Set();
  #frame = 0;
  #marked = '';
  /** @type {Promise<import('./printing.js').Printing> | undefined} */
  #printing;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  #near = new IntersectionObserver((entries) => this.#approached(entries), {
    root: this.#log,
    rootMargin: NEAR,
  });

  /**
   * `onAction` is called with the name of a message's button, and with the message's id.
   *
   * @param {GrowingText} growingText
   * @param {(action: string, id: string) => void} onAction
   */
  constructor(growingText, onAction) {
    this.#growingText = growingText;
    this.#onAction = onAction;
    this.#log.addEventListener('click', (/** @type {any} */ { target }) =>
      this.#clicked(target.closest('button[data-action]')),
    );
    // A hidden page gets no frames; the text received meanwhile is drawn when it is shown.
    document.addEventListener('visibilitychange', () => document.hidden || this.#draw());
  }

  /**
   * Show these messages and no others; what is there already, from the first on, stays as it is.
   *
   * @param {Message[]} messages
   * @param {(message: Message) => Message[]} versionsOf
   */
  show(messages, versionsOf) {
    document.documentElement.toggleAttribute('data-talk', messages.length > 0);
    const views = [...this.#views.values()];
    const same = messages.findIndex((message, i) => message !== views[i]?.message);
    for (const { message } of views.slice(same < 0 ? messages.length : same))
      this.#remove(message.id);
    for (const message of messages) {
      if (!this.#views.has(message.id)) this.#add(message);
      const versions = versionsOf(message);
      this.#views.get(message.id)?.showVersion(versions.indexOf(message) + 1, versions.length);
    }
    this.#autoscroll.follow();
  }

  /** Mark the question that is being changed; '' is none. @param {string} id */
  mark(id) {
    this.#marked = id;
    for (const { article } of this.#views.values()) this.#drawMark(article);
  }

  /** @param {HTMLElement} article */
  #drawMark(article) {
    article.toggleAttribute('data-editing', article.dataset.id === this.#marked);
  }

  /** Return the element of this message. @param {string} id */
  article(id) {
    return this.#views.get(id)?.article;
  }

  /** Have this keep the reader's place in the log. @template T @param {new (log: HTMLElement, autoscroll: Autoscroll) => T} Reading */
  reading(Reading) {
    return new Reading(this.#log, this.#autoscroll);
  }

  /** Return whether this message is on the page. @param {string} id */
  has(id) {
    return this.#views.has(id);
  }

  /** @param {Message} message */
  #add(message) {
    const view = new MessageView(message, this.#growingText, () => this.#autoscroll.follow());
    this.#views.set(message.id, view);
    this.#log.append(view.article);
    this.#drawMark(view.article);
    this.#format(view);
    void this.printing.catch(() => (this.#printing = undefined)); // it cannot be fetched now
  }

  /** What paper needs; loaded with the first message. */
  get printing() {
    return (this.#printing ??= load('view/printing.js').then(({ Printing }) => new Printing(this)));
  }

  /** Show all of each message, one a step, however far from the screen. */
  *completing() {
    for (const view of this.#views.values()) yield void view.complete(this.#library);
  }

  /** When the messages were asked, in ms. */
  get dates() {
    return [...this.#views.values()].map(({ message }) => message.at);
  }

  get highlighter() {
    return this.#library?.highlighter;
  }

  /** Follow the end from now on: the reader has just asked something. */
  pin() {
    this.#autoscroll.pin();
  }

  /** Follow the end no longer: the reader looks for something. */
  release() {
    this.#autoscroll.release();
  }

  /** Draw what is new in this message, with the next frame. @param {Message} message */
  update(message) {
    const view = this.#views.get(message.id);
    if (!view) return;
    this.#changed.add(view);
    if (document.hidden && !view.streaming) this.#draw();
    else this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** @param {string} id */
  #remove(id) {
    const view = this.#views.get(id);
    if (!view) return;
    this.#near.unobserve(view.article);
    this.#changed.delete(view);
    this.#views.delete(id);
    view.remove();
  }

  /** From now on answers are Markdown. @param {MarkdownLibrary} library */
  format(library) {
    this.#library = library;
    this.#copying.format(library);
    for (const view of this.#views.values()) this.#format(view);
  }

  /** Copy a message; resolves to whether that worked. @param {string} id */
  copyMessage(id) {
    return this.#copying.copyMessage(id);
  }

  /** @param {MessageView} view */
  #format(view) {
    if (!this.#library || view.message.role === 'user') return;
    if (view.streaming) view.format(this.#library);
    else this.#near.observe(view.article);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #approached(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.#near.unobserve(target);
      const { id = '' } = /** @type {HTMLElement} */ (target).dataset;
      if (this.#library) this.#views.get(id)?.format(this.#library);
    }
  }

  /** @param {HTMLElement | null} button */
  #clicked(button) {
    if (!button) return;
    const { id } = /** @type {HTMLElement} */ (button.closest('article')).dataset;
    const { action = '' } = button.dataset;
    if (this.#copying.press(button, id ?? '')) return;
    if (action === 'facts') return this.#views.get(id ?? '')?.toggleFacts();
    const act = () => this.#onAction(action, id ?? '');
    if (action === 'older' || action === 'newer') return this.#switch(button, act);
    this.#log.focus({ preventScroll: true }); // the button is about to go: the focus must not get lost
    act();
  }

  /** Let another version take the place of this one, where the reader looks. @param {HTMLElement} button @param {() => void} act */
  #switch(button, act) {
    const article = /** @type {Element} */ (button.closest('article'));
    const place = [...this.#views.values()].findIndex((view) => view.article === article);
    const { top } = article.getBoundingClientRect();
    act();
    const shown = [...this.#views.values()][place]?.article;
    if (!shown) return;
    shown.querySelector(`[data-action=${button.dataset.action}]`)?.focus({ preventScroll: true });
    this.#autoscroll.hold(shown, top);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const view of this.#changed) view.draw();
    this.#changed.clear();
    this.#autoscroll.follow();
  }
}
