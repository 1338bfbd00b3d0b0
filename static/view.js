// One message on the page: its text (a question's as written, an answer's as Markdown once that is loaded),
// the thinking, one line of state, and what can be done about it.

import { explain, isAnswer, remedies } from './message.js';
import { statusOf, thoughtsOf } from './status.js';
import { GrowingText } from './text.js';
import { part, say } from './page.js';

/** @import { Answer, Message, MarkdownLibrary } from './types.js' */

/** So many characters are drawn in one go, in less than a frame's time; more would make the page stutter. */
const AT_ONCE = 20_000;

export class View {
  article;
  message;
  #text;
  #thoughts;
  #details;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  /** @type {ReturnType<MarkdownLibrary['createRenderer']> | undefined} */
  #renderer;
  #taken = 0; // characters that the renderer has
  #finished = false;
  #onDraw;

  /** @param {HTMLTemplateElement} template @param {Message} message @param {() => void} onDraw */
  constructor(template, message, onDraw) {
    this.#onDraw = onDraw;
    this.message = message;
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.article = part(copy, 'article');
    this.article.dataset.role = message.role;
    this.article.dataset.id = message.id;
    part(copy, 'h2').textContent = isAnswer(message) ? 'Claude' : 'You';
    this.#text = new GrowingText(part(copy, '.text'));
    this.#thoughts = new GrowingText(part(copy, '.thoughts'));
    this.#details = /** @type {HTMLDetailsElement} */ (part(copy, 'details'));
    const needless = isAnswer(message) ? ['[data-action=edit-question]']
      : ['details', '.status', '.error', '.note', '.actions', '[data-action=again]'];
    for (const selector of needless) part(copy, selector).remove();
    if (isAnswer(message)) part(copy, 'summary').addEventListener('click', () => (this.#details.dataset.touched = ''));
    this.draw();
  }

  get streaming() {
    return isAnswer(this.message) && this.message.state === 'streaming' && !this.message.stopping;
  }

  /** Show the answer as Markdown from now on. @param {MarkdownLibrary} library */
  format(library) {
    if (this.#renderer || !isAnswer(this.message)) return;
    this.#library = library;
    const root = part(this.article, '.text');
    root.replaceChildren();
    this.#renderer = library.createRenderer(root, { highlight: library.highlighter.add, onDraw: this.#onDraw });
    this.#grow(this.message.text.length < AT_ONCE);
  }

  forget() {
    this.#library?.highlighter.forget(this.article);
    this.article.remove();
  }

  draw() {
    const { article, message, streaming } = this;
    if (!isAnswer(message)) return this.#text.grow(message.text);
    this.#grow(true);
    this.#think(message);
    article.dataset.state = message.stopping ? 'stopping' : streaming ? message.phase : message.state;
    article.toggleAttribute('data-replaced', message.replaced);
    article.ariaBusy = String(streaming);
    say(part(article, '.status'), statusOf(message));
    const { problem } = message;
    const request = problem?.requestId ? ` (request ${problem.requestId})` : '';
    // A live region speaks at each write, so `say` writes only what is new.
    say(part(article, '.error'), problem ? problem.message + request : '');
    say(part(article, '.note'), explain(message));
    const offered = remedies(message);
    for (const button of article.querySelectorAll('.actions button')) {
      /** @type {HTMLElement} */ (button).hidden = !offered.some((remedy) => remedy === part(button).dataset.action);
    }
    part(article, '.tools').hidden = streaming || !message.text;
    part(article, '[data-action=again]').hidden = offered.includes('retry');
    say(part(article, '[data-action=retry]'), problem && !problem.retryable ? 'Try again' : 'Retry');
  }

  /** @param {boolean} small what is new is little, and may be drawn at once when it is the last */
  #grow(small) {
    const { text } = this.message;
    const over = isAnswer(this.message) && this.message.state !== 'streaming';
    if (!this.#renderer) return this.#text.grow(text);
    if (this.#finished) {
      if (text.length === this.#taken && over) return;
      this.#finished = false; // asked again under the same id
      this.#taken = 0;
      this.#renderer = undefined;
      return this.format(/** @type {MarkdownLibrary} */ (this.#library));
    }
    if (text.length > this.#taken) this.#renderer.append(text.slice(this.#taken));
    this.#taken = text.length;
    if (!over) return;
    this.#finished = true;
    this.#renderer.finish();
    if (small && !document.hidden) this.#renderer.flush();
  }

  /** Open while Claude thinks, closed when the answer begins; the reader's own choice stays. @param {Answer} answer */
  #think(answer) {
    if (!answer.thinking) return;
    this.#thoughts.grow(answer.thinking);
    this.#details.hidden = false;
    say(part(this.#details, 'summary span'), thoughtsOf(answer));
    if (this.#details.dataset.touched === undefined) this.#details.open = answer.phase === 'thinking' && this.streaming;
  }
}
