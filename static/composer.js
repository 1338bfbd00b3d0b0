// Where the reader writes: Enter sends, Shift+Enter breaks the line, the one button sends or stops.

/** @import { Shelf } from './types.js' */

const DRAFT = 'claude-sse:draft';

export class Composer {
  #prompt;
  #button;
  #notice;
  #storage;
  #onSend;
  #onStop;
  #streaming = false;

  /** @param {{ form: HTMLFormElement, storage: Shelf, onSend: (text: string) => void, onStop: () => void }} options */
  constructor({ form, storage, onSend, onStop }) {
    this.#prompt = /** @type {HTMLTextAreaElement} */ (form.querySelector('textarea'));
    this.#button = /** @type {HTMLButtonElement} */ (form.querySelector('button'));
    this.#notice = /** @type {HTMLElement} */ (form.querySelector('[role=alert]'));
    this.#storage = storage;
    this.#onSend = onSend;
    this.#onStop = onStop;
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#button.addEventListener('click', (event) => this.#clicked(event));
    this.#prompt.addEventListener('keydown', (event) => this.#pressed(event));
    this.#prompt.addEventListener('input', () => this.#keepDraft());
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !isComposing(event) && this.#streaming) this.#onStop();
    });
    this.#prompt.value = storage.getItem(DRAFT) ?? '';
    this.#grow();
    this.streaming = false;
  }

  /** Whether the button stops rather than sends. */
  set streaming(/** @type {boolean} */ value) {
    this.#streaming = value;
    this.#button.dataset.mode = value ? 'stop' : 'send';
    this.#button.textContent = value ? 'Stop' : 'Send';
  }

  /** One sentence above the field, spoken at once; '' takes it away. */
  set notice(/** @type {string} */ text) {
    this.#notice.textContent = text;
  }

  /** Put a text back to be changed, above what was written since. @param {string} text */
  restore(text) {
    const draft = this.#prompt.value;
    this.#prompt.value = draft.trim() ? `${text}\n\n${draft}` : text;
    this.#keepDraft();
    this.focus();
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  focus() {
    this.#prompt.focus();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (!this.#streaming) return; // the form's submit event follows
    event.preventDefault();
    if (event.detail > 1) return; // the second half of a double click on Send does not mean Stop
    this.#onStop();
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return;
    event.preventDefault();
    if (!event.repeat) this.#send();
  }

  #send() {
    const text = this.#prompt.value;
    if (this.#streaming || text.trim() === '') return this.focus();
    this.#prompt.value = '';
    this.#keepDraft();
    this.notice = '';
    this.#onSend(text);
  }

  #keepDraft() {
    this.#grow();
    try {
      this.#storage.setItem(DRAFT, this.#prompt.value);
    } catch {
      // full or forbidden: the draft lasts as long as the page
    }
  }

  /** Only for browsers whose style sheet cannot do it (`field-sizing`). */
  #grow() {
    if (CSS.supports('field-sizing', 'content')) return;
    this.#prompt.style.height = 'auto';
    this.#prompt.style.height = `${this.#prompt.scrollHeight + 2}px`;
  }
}

/** Whether this key still belongs to an input method; Safari says so only by the key code. @param {KeyboardEvent} event */
function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}
