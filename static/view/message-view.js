// One message on the page: its text, the thinking, one line of status, and what the reader can do about it.

import { markedText, textWithSources } from '../model/citations.js';
import { explain, isAnswer, remedies } from '../model/message.js';
import { briefOf, statusOf, thoughtsOf } from '../model/status-text.js';
import { load } from '../system/parts.js';
import { now, untilDone } from '../system/time.js';
import { say } from '../system/words.js';
import { copyOf, make, part, write } from './dom.js';
import { MessageText } from './message-text.js';
import { showTime } from './message-time.js';

/** @import { Answer, GrowingText, MarkdownLibrary, Message, Problem } from '../types.js' */

const ANSWERS_ONLY = [
  'details',
  '.status',
  '.facts',
  '.error',
  '.note',
  '.actions',
  '[data-action=again]',
  '[data-action=facts]',
];
/** Looked up once, while the article is small. */
const PARTS = [
  '.text',
  '.status',
  '.facts',
  '.error',
  '.note',
  '.tools',
  '.versions',
  '.versions span',
  '[data-action=older]',
  '[data-action=newer]',
  'details',
  'summary',
  'summary span',
  '[data-action=again]',
  '[data-action=facts]',
  '[data-action=retry]',
];
/** A longer wait, such as until midnight, is named in the error's sentence, and may become shorter. */
const LONGEST_COUNTDOWN_SECONDS = 120;

export class MessageView {
  article = copyOf('#message');
  message;
  #text;
  #thoughts;
  /** @type {Record<string, any>} */
  #parts;
  #remedies;
  #isGone = false;
  /** Whether the thinking was opened last by us. */
  #opensThoughts = false;
  #releaseFiles = () => {};
  /** @type {((answer: Answer) => void) | undefined} */
  #showSources;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #countdown;

  /** @param {Message} message @param {GrowingText} growingText @param {() => void} onDraw */
  constructor(message, growingText, onDraw) {
    const { article } = this;
    this.message = message;
    Object.assign(article.dataset, { role: message.role, id: message.id });
    part(article, 'h2').textContent = isAnswer(message) ? 'Claude' : say('message.you');
    showTime(part(article, 'time'), message.at);
    this.#text = new MessageText(part(article, '.text'), growingText, onDraw);
    this.#thoughts = new MessageText(part(article, '.thoughts'), growingText, onDraw);
    this.#parts = Object.fromEntries(PARTS.map((name) => [name, part(article, name)]));
    this.#remedies = [...article.querySelectorAll('.actions button')];
    const { details, summary } = this.#parts;
    summary.addEventListener('click', () => (details.dataset.touched = ''));
    // The browser opens it as well, for what it finds in it.
    details.addEventListener('toggle', () => {
      if (details.open !== this.#opensThoughts) details.dataset.touched = '';
    });
    for (const name of isAnswer(message) ? ['[data-action=edit-question]'] : ANSWERS_ONLY)
      part(article, name).remove();
    this.draw();
    this.#showFiles(message, onDraw);
  }

  get streaming() {
    return isAnswer(this.message) && this.message.state === 'streaming' && !this.message.stopping;
  }

  /** Show the answer as Markdown from now on. @param {MarkdownLibrary} library */
  format(library) {
    const { message } = this;
    if (this.#text.isFormatted || !isAnswer(message)) return;
    this.#text.format(library, markedText(message), message.state !== 'streaming');
    this.#thoughts.format(library, message.thinking, thoughtsEnded(message));
  }

  /** Show all of it now, as Markdown if that is there. @param {MarkdownLibrary | undefined} library */
  complete(library) {
    if (library) this.format(library);
    this.#text.complete();
    this.#thoughts.complete();
  }

  /** Say which version this is, if there are several. @param {number} place @param {number} count */
  showVersion(place, count) {
    const { '.versions': versions, '.versions span': label } = this.#parts;
    versions.hidden = count < 2;
    versions.ariaLabel = say('message.version', { place, count });
    write(label, `${place}/${count}`);
    this.#parts['[data-action=older]'].ariaDisabled = String(place === 1);
    this.#parts['[data-action=newer]'].ariaDisabled = String(place === count);
  }

  /** Show all that is known of the answer, or what stands under every one. */
  toggleFacts() {
    const { '.facts': facts, '[data-action=facts]': button } = this.#parts;
    facts.hidden = !facts.hidden;
    button.ariaExpanded = String(!facts.hidden);
  }

  /** Take it off the page. */
  remove() {
    this.#isGone = true;
    this.#text.forget();
    this.#releaseFiles();
    this.#thoughts.forget();
    this.article.remove();
  }

  draw() {
    const { message } = this;
    if (!isAnswer(message)) return this.#text.show(message.text, true);
    this.#text.show(markedText(message), message.state !== 'streaming');
    this.#drawSources(message);
    this.#drawThoughts(message);
    this.#drawStatus(message);
    this.#drawButtons(message);
    this.#drawRetry(message.problem);
  }

  /** What is copied of it as Markdown. */
  get source() {
    const { message } = this;
    return isAnswer(message) ? textWithSources(message) : message.text;
  }

  /** @param {Message} message @param {() => void} onDraw */
  async #showFiles(message, onDraw) {
    if (isAnswer(message) || !message.files?.length) return;
    const isWanted = () => !this.#isGone;
    const files = await untilDone(() => load('view/message-files.js'), isWanted);
    if (!files || !isWanted()) return;
    const release = await files.showFiles(part(this.article, '.text'), message.files);
    this.#releaseFiles = release;
    if (this.#isGone) release();
    onDraw();
  }

  /** @param {Answer} answer */
  async #drawSources(answer) {
    if (!answer.sources && !answer.searches && !answer.leftOut) return;
    if (!this.#showSources) {
      this.#showSources = () => {};
      const sources = await load('view/sources.js').catch(() => undefined);
      if (!sources) return (this.#showSources = undefined);
      const root = make('div', { className: 'sources' });
      part(this.article, '.text').after(root);
      this.#showSources = sources.createSources(root);
    }
    this.#showSources(answer);
  }

  /** Open while Claude thinks, closed when the answer begins; the reader's own choice stays. @param {Answer} answer */
  #drawThoughts(answer) {
    if (!answer.thinking) return;
    const { details } = this.#parts;
    this.#thoughts.show(answer.thinking, thoughtsEnded(answer));
    details.hidden = false;
    write(this.#parts['summary span'], thoughtsOf(answer));
    if (details.dataset.touched !== undefined) return;
    this.#opensThoughts = answer.phase === 'thinking' && this.streaming;
    details.open = this.#opensThoughts;
  }

  /** @param {Answer} answer */
  #drawStatus(answer) {
    const { article, streaming } = this;
    const { stopping, phase, state, problem } = answer;
    article.dataset.state = stopping ? 'stopping' : streaming ? phase : state;
    article.ariaBusy = String(streaming);
    write(this.#parts['.status'], briefOf(answer));
    write(this.#parts['.facts'], statusOf(answer));
    write(this.#parts['.error'], problem ? sentenceFor(problem) : '');
    write(this.#parts['.note'], explain(answer));
  }

  /** @param {Answer} answer */
  #drawButtons(answer) {
    const offered = remedies(answer);
    for (const button of this.#remedies) button.hidden = !offered.includes(button.dataset.action);
    this.#parts['.tools'].hidden = this.streaming || !answer.text;
    if (this.streaming) this.#parts['.facts'].hidden = true;
    this.#parts['[data-action=again]'].hidden = offered.includes('retry');
  }

  /** Count down to the time at which a retry can succeed. @param {Problem} [problem] */
  #drawRetry(problem) {
    const button = this.#parts['[data-action=retry]'];
    const seconds = Math.ceil(((problem?.retryAt ?? 0) - now()) / 1000);
    const isWaiting = seconds > 0 && seconds <= LONGEST_COUNTDOWN_SECONDS;
    const label = say(problem && !problem.retryable ? 'message.try-again' : 'message.retry');
    write(button, isWaiting ? say('message.retry-in', { seconds }) : label);
    button.disabled = isWaiting;
    clearTimeout(this.#countdown);
    if (isWaiting) this.#countdown = setTimeout(() => this.draw(), 1000);
  }
}

/** @param {Problem} problem */
function sentenceFor({ message, requestId }) {
  return requestId ? say('message.request', { message, id: requestId }) : message;
}

/** Whether no more of them arrive for now. @param {Answer} answer */
const thoughtsEnded = ({ state }) => state !== 'streaming';
