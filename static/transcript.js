// The conversation as the reader sees it: messages from the page's <template>, growing text, one status
// line and the errors below it. It draws at most once a frame, and only ever adds to the text.

import { isAnswer, remedies } from './message.js';
import { Follower } from './scroll.js';
import { statusOf } from './status.js';

/** @import { Answer, Message, Remedy } from './types.js' */

const CHUNK_CHARACTERS = 6000;

export class Transcript {
  #log;
  #template;
  #follower;
  /** @type {Map<string, View>} */
  #views = new Map();
  /** @type {Set<Answer>} */
  #changed = new Set();
  #frame = 0;

  /** @param {{ log: HTMLElement, template: HTMLTemplateElement, jump: HTMLButtonElement, onAction: (remedy: Remedy, id: string) => void }} options */
  constructor({ log, template, jump, onAction }) {
    this.#log = log;
    this.#template = template;
    this.#follower = new Follower(log, jump);
    log.addEventListener('click', (event) => {
      const button = event.target instanceof Element ? event.target.closest('button[data-action]') : null;
      const article = button?.closest('article');
      if (!(button instanceof HTMLButtonElement) || !article) return;
      log.focus({ preventScroll: true }); // the button is about to go, the focus must not get lost
      onAction(/** @type {Remedy} */ (button.dataset.action), article.dataset.id ?? '');
    });
    // A hidden page gets no frames; what came meanwhile is drawn at once when it is looked at.
    document.addEventListener('visibilitychange', () => document.hidden || this.#draw());
  }

  /** Add a message at the end. @param {Message} message */
  add(message) {
    const view = new View(this.#template, message);
    this.#views.set(message.id, view);
    this.#log.append(view.article);
    if (isAnswer(message)) view.draw(message);
    this.#follower.follow();
  }

  /** Follow the end from now on: the reader has just asked something. */
  pin() {
    this.#follower.pin();
  }

  /** Draw what is new in this answer, with the next frame. @param {Answer} answer */
  update(answer) {
    this.#changed.add(answer);
    if (document.hidden && answer.state !== 'streaming') this.#draw();
    else this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** @param {string} id */
  remove(id) {
    this.#views.get(id)?.article.remove();
    this.#views.delete(id);
  }

  clear() {
    for (const id of [...this.#views.keys()]) this.remove(id);
    this.#follower.pin();
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    for (const answer of this.#changed) this.#views.get(answer.id)?.draw(answer);
    this.#changed.clear();
    this.#follower.follow();
  }
}

/** One message on the page. */
class View {
  article;
  #text;
  #thoughts;
  #details;

  /** @param {HTMLTemplateElement} template @param {Message} message */
  constructor(template, message) {
    const copy = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
    this.article = part(copy, 'article');
    this.article.dataset.role = message.role;
    this.article.dataset.id = message.id;
    part(copy, 'h2').textContent = isAnswer(message) ? 'Claude' : 'You';
    this.#text = new GrowingText(part(copy, '.text'));
    this.#thoughts = new GrowingText(part(copy, '.thoughts'));
    this.#details = /** @type {HTMLDetailsElement} */ (part(copy, 'details'));
    if (isAnswer(message)) {
      part(copy, 'summary').addEventListener('click', () => (this.#details.dataset.touched = ''));
    } else {
      for (const needless of ['details', '.status', '.error', '.actions']) part(copy, needless).remove();
      this.#text.grow(message.text);
    }
  }

  /** @param {Answer} answer */
  draw(answer) {
    const { article } = this;
    const streaming = answer.state === 'streaming' && !answer.stopping;
    this.#text.grow(answer.text);
    this.#think(answer);
    article.dataset.state = answer.stopping ? 'stopping' : streaming ? answer.phase : answer.state;
    article.toggleAttribute('data-replaced', answer.replaced);
    article.ariaBusy = String(streaming);
    // Live regions speak at each write, so write only what is new.
    say(part(article, '.status'), statusOf(answer));
    const { problem } = answer;
    const request = problem?.requestId ? ` (request ${problem.requestId})` : '';
    say(part(article, '.error'), problem ? problem.message + request : '');
    const offered = remedies(answer);
    for (const button of article.querySelectorAll('button')) {
      button.hidden = !offered.includes(/** @type {Remedy} */ (button.dataset.action));
    }
    say(part(article, '[data-action=retry]'), problem && !problem.retryable ? 'Try again' : 'Retry');
  }

  /** Open while Claude thinks, closed when the answer begins; the reader's own choice stays. @param {Answer} answer */
  #think(answer) {
    if (!answer.thinking) return;
    this.#thoughts.grow(answer.thinking);
    this.#details.hidden = false;
    if (this.#details.dataset.touched === undefined) this.#details.open = answer.phase === 'thinking' && answer.state === 'streaming';
  }
}

/**
 * Text that only grows, in blocks: a single text node of thousands of lines is laid out anew, whole, at
 * each addition (26 ms a frame at 5,000 lines). The newline between two blocks is their boundary.
 */
class GrowingText {
  #root;
  #length = 0;
  #last = '';
  /** @type {Text | undefined} */
  #node;

  /** @param {Element} root */
  constructor(root) {
    this.#root = root;
  }

  /** @param {string} whole the text so far */
  grow(whole) {
    if (whole.length <= this.#length) return;
    let more = whole.slice(this.#length);
    this.#length = whole.length;
    for (let cut = this.#cut(more); cut >= 0; cut = this.#cut(more)) {
      this.#append(more.slice(0, cut));
      this.#node = undefined;
      more = more.slice(cut + 1);
    }
    this.#append(more);
  }

  /** Where a full block ends; never between two newlines, a blank line would vanish. @param {string} more */
  #cut(more) {
    let cut = more.indexOf('\n', Math.max(0, CHUNK_CHARACTERS - (this.#node?.length ?? 0)));
    while (cut >= 0 && (cut > 0 ? more[cut - 1] : this.#last) === '\n') cut = more.indexOf('\n', cut + 1);
    return cut;
  }

  /** @param {string} text */
  #append(text) {
    if (!this.#node) {
      const block = document.createElement('div');
      this.#node = document.createTextNode('');
      block.append(this.#node);
      this.#root.append(block);
    }
    this.#node.appendData(text);
    this.#last = text.at(-1) ?? this.#last;
  }
}

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement} */
function part(root, selector) {
  const found = root.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the message template lacks ${selector}`);
  return found;
}

/** @param {Element} element @param {string} text */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
