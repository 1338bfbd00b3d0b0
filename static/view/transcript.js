// The conversation as the reader sees it. It draws at most once a frame, and only ever adds to the text;
// saved answers become Markdown when they come near the screen.

import { sourceOfCode } from '../markdown/code-block.js';
import { copy, find, say } from './dom.js';
import { Follower } from './autoscroll.js';
import { View } from './message-view.js';

/** @import { MarkdownLibrary, Message } from '../types.js' */

export class Transcript {
  #log = find('#log');
  #follower = new Follower(this.#log, find('#jump'));
  #onAction;
  /** @type {Map<string, View>} */
  #views = new Map();
  /** @type {Set<View>} */
  #changed = new Set();
  #frame = 0;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  #near = new IntersectionObserver((entries) => this.#approached(entries), {
    root: this.#log,
    rootMargin: '1000px',
  });

  /** `onAction` hears the name of a message's button, and the message's id. */
  constructor(onAction) {
    this.#onAction = onAction;
    this.#log.addEventListener('click', (event) =>
      this.#clicked(event.target.closest('button[data-action]')),
    );
    // A hidden page gets no frames; what came meanwhile is drawn at once when it is looked at.
    document.addEventListener('visibilitychange', () => document.hidden || this.#draw());
  }

  /** Show these messages and no others. @param {Message[]} messages */
  show(messages) {
    for (const id of [...this.#views.keys()]) this.remove(id);
    for (const message of messages) this.add(message);
    this.#follower.pin();
  }

  /** Add a message, at the end or before another. @param {Message} message @param {Message} [next] */
  add(message, next) {
    if (this.#views.has(message.id)) return;
    const view = new View(message, () => this.#follower.follow());
    this.#views.set(message.id, view);
    this.#log.insertBefore(view.article, this.#views.get(next?.id ?? '')?.article ?? null);
    this.#format(view);
    this.#follower.follow();
  }

  /** Follow the end from now on: the reader has just asked something. */
  pin() {
    this.#follower.pin();
  }

  /** Draw what is new in this message, with the next frame. @param {Message} message */
  update(message) {
    const view = this.#views.get(message.id);
    if (!view) return;
    this.#changed.add(view);
    if (document.hidden && !view.streaming) this.#draw();
    else this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  remove(id) {
    const view = this.#views.get(id);
    if (!view) return;
    this.#near.unobserve(view.article);
    this.#changed.delete(view);
    this.#views.delete(id);
    view.forget();
  }

  /** From now on answers are Markdown. @param {MarkdownLibrary} library */
  format(library) {
    this.#library = library;
    for (const view of this.#views.values()) this.#format(view);
  }

  /** @param {View} view */
  #format(view) {
    if (!this.#library || view.message.role === 'user') return;
    if (view.streaming) view.format(this.#library);
    else this.#near.observe(view.article);
  }

  #approached(entries) {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      this.#near.unobserve(target);
      if (this.#library) this.#views.get(target.dataset.id)?.format(this.#library);
    }
  }

  #clicked(button) {
    if (!button) return;
    const { id } = button.closest('article').dataset;
    const { action } = button.dataset;
    if (action === 'copy-code') return this.#copy(button, sourceOfCode(button));
    if (action === 'copy') return this.#copy(button, this.#views.get(id)?.message.text);
    this.#log.focus({ preventScroll: true }); // the button is about to go, the focus must not get lost
    this.#onAction(action, id);
  }

  async #copy(button, text) {
    const label = button.querySelector('span') ?? button;
    const before = (button.dataset.label ??= label.textContent);
    say(label, (await copy(text)) ? 'Copied' : 'Not copied');
    setTimeout(() => say(label, before), 1500);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const view of this.#changed) view.draw();
    this.#changed.clear();
    this.#follower.follow();
  }
}
