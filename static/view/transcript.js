// The conversation as the reader sees it. It draws at most once a frame, and only ever adds to the text;
// stored answers become Markdown when they come near the screen.

import { Autoscroll } from './autoscroll.js';
import { Copying } from './copying.js';
import { find } from './dom.js';
import { MessageView } from './message-view.js';

/** @import { GrowingText, MarkdownLibrary, Message } from '../types.js' */

const NEAR = '1000px';

export class Transcript {
  #log = find('#log');
  #autoscroll = new Autoscroll(this.#log, find('#jump'));
  #copying = new Copying(this.#log, (id) => this.#views.get(id)?.message.text);
  #growingText;
  #onAction;
  /** @type {Map<string, MessageView>} */
  #views = new Map();
  /** @type {Set<MessageView>} */
  #changed = new Set();
  #frame = 0;
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

  /** Show these messages and no others. @param {Message[]} messages */
  show(messages) {
    for (const id of [...this.#views.keys()]) this.remove(id);
    for (const message of messages) this.add(message);
    this.#autoscroll.pin();
  }

  /** Add a message, at the end or before another. @param {Message} message @param {Message} [next] */
  add(message, next) {
    if (this.#views.has(message.id)) return;
    const view = new MessageView(message, this.#growingText, () => this.#autoscroll.follow());
    this.#views.set(message.id, view);
    this.#log.insertBefore(view.article, this.#views.get(next?.id ?? '')?.article ?? null);
    this.#format(view);
    this.#autoscroll.follow();
  }

  /** Follow the end from now on: the reader has just asked something. */
  pin() {
    this.#autoscroll.pin();
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
  remove(id) {
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
    this.#log.focus({ preventScroll: true }); // the button is about to go: the focus must not get lost
    this.#onAction(action, id ?? '');
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const view of this.#changed) view.draw();
    this.#changed.clear();
    this.#autoscroll.follow();
  }
}
