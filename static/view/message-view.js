// One message on the page: its text (a question's as written, an answer's as Markdown once that is loaded),
// the thinking, one line of state, and what can be done about it.

import { explain, isAnswer, remedies } from '../model/message.js';
import { copyOf, part, say } from './dom.js';
import { statusOf, thoughtsOf } from '../model/status-text.js';
import { growingText } from '../markdown/growing-text.js';

/** @import { Answer, Message, MarkdownLibrary } from '../types.js' */

const ANSWERS_ONLY = ['details', '.status', '.error', '.note', '.actions', '[data-action=again]'];

export class View {
  article = copyOf('#message');
  message;
  #parts;
  #text;
  #thoughts;
  #onDraw;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  #renderer;
  #taken = 0; // characters that the renderer has
  #finished = false;
  #timer;

  /** @param {Message} message */
  constructor(message, onDraw) {
    const { article } = this;
    this.message = message;
    this.#onDraw = onDraw;
    Object.assign(article.dataset, { role: message.role, id: message.id });
    part(article, 'h2').textContent = isAnswer(message) ? 'Claude' : 'You';
    this.#text = growingText(part(article, '.text'));
    this.#thoughts = growingText(part(article, '.thoughts'));
    // Found now, while the article is small.
    const names = [
      '.text',
      '.status',
      '.error',
      '.note',
      '.tools',
      'details',
      'summary',
      'summary span',
      '[data-action=again]',
      '[data-action=retry]',
    ];
    this.#parts = Object.fromEntries(names.map((name) => [name, part(article, name)]));
    const details = this.#parts.details;
    this.#parts.summary.addEventListener('click', () => (details.dataset.touched = ''));
    this.#parts.remedies = [...article.querySelectorAll('.actions button')];
    for (const name of isAnswer(message) ? ['[data-action=edit-question]'] : ANSWERS_ONLY)
      part(article, name).remove();
    this.draw();
  }

  get streaming() {
    return isAnswer(this.message) && this.message.state === 'streaming' && !this.message.stopping;
  }

  /** Show the answer as Markdown from now on. @param {MarkdownLibrary} library */
  format(library) {
    if (this.#renderer || !isAnswer(this.message)) return;
    this.#library = library;
    const root = this.#parts['.text'];
    root.replaceChildren();
    this.#renderer = library.createRenderer(root, {
      highlight: library.highlighter.add,
      onDraw: this.#onDraw,
    });
    this.#grow();
  }

  forget() {
    this.#library?.highlighter.forget(this.article);
    this.article.remove();
  }

  draw() {
    const { article, message, streaming } = this;
    if (!isAnswer(message)) return this.#text(message.text);
    this.#grow();
    this.#think(message);
    const parts = this.#parts;
    const { problem } = message;
    article.dataset.state = message.stopping
      ? 'stopping'
      : streaming
        ? message.phase
        : message.state;
    article.toggleAttribute('data-replaced', message.replaced);
    article.ariaBusy = String(streaming);
    say(parts['.status'], statusOf(message));
    say(
      parts['.error'],
      problem ? problem.message + (problem.requestId ? ` (request ${problem.requestId})` : '') : '',
    );
    say(parts['.note'], explain(message));
    const offered = remedies(message);
    for (const button of parts.remedies) button.hidden = !offered.includes(button.dataset.action);
    parts['.tools'].hidden = streaming || !message.text;
    parts['[data-action=again]'].hidden = offered.includes('retry');
    const retry = parts['[data-action=retry]'];
    const left = Math.ceil(((problem?.retryAt ?? 0) - Date.now()) / 1000);
    const wait = left > 120 ? 0 : left; // a limit until midnight is told in its sentence, and may be raised before
    say(
      retry,
      wait > 0 ? `Retry in ${wait} s` : problem && !problem.retryable ? 'Try again' : 'Retry',
    );
    retry.disabled = wait > 0;
    clearTimeout(this.#timer);
    if (wait > 0) this.#timer = setTimeout(() => this.draw(), 1000);
  }

  /** Draw what is new: into the frame that is being made, as much as that can take. */
  #grow() {
    const { text, state } = /** @type {Answer} */ (this.message);
    const over = state !== 'streaming';
    if (!this.#renderer) return this.#text(text);
    if (this.#finished) {
      if (text.length === this.#taken && over) return;
      this.#finished = false; // asked again under the same id
      this.#taken = 0;
      this.#renderer = undefined;
      return this.format(/** @type {MarkdownLibrary} */ (this.#library));
    }
    if (text.length > this.#taken) this.#renderer.append(text.slice(this.#taken), !document.hidden);
    this.#taken = text.length;
    if (!over) return;
    this.#finished = true;
    this.#renderer.finish(!document.hidden);
  }

  /** Open while Claude thinks, closed when the answer begins; the reader's own choice stays. @param {Answer} answer */
  #think(answer) {
    if (!answer.thinking) return;
    const { details } = this.#parts;
    this.#thoughts(answer.thinking);
    details.hidden = false;
    say(this.#parts['summary span'], thoughtsOf(answer));
    if (details.dataset.touched === undefined)
      details.open = answer.phase === 'thinking' && this.streaming;
  }
}
