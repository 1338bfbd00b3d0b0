// Where the reader writes: Enter sends, Shift+Enter starts a new line, the one button sends or stops.

import { find, isComposing, make, memory } from './dom.js';

/**
 * @typedef {{
 *   send: (text: string, replacedId: string) => Promise<boolean>, stop: () => void, up: () => void
 * }} Listeners `send` resolves to whether the question is stored.
 */

export class Composer {
  #prompt = find('#prompt');
  #button = find('#send');
  #on;
  #streaming = false;
  #draftKey = '';
  #editing = ''; // the id of the question on the page that is being changed
  #aside = ''; // what was written before that
  /** Texts that are not stored yet, and the keys of their drafts. @type {Map<string, string>} */
  #sending = new Map();

  /** @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    find('#composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.#button.addEventListener('click', (/** @type {MouseEvent} */ event) =>
      this.#clicked(event),
    );
    this.#prompt.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) =>
      this.#pressed(event),
    );
    this.#prompt.addEventListener('input', () => this.#saveDraft());
    addEventListener('pagehide', () =>
      this.#sending.forEach((key, text) => this.#giveBack(text, key)),
    );
    this.streaming = false;
  }

  /** Send what was sent before this page could. */
  begin() {
    const { dataset } = document.documentElement;
    dataset.running = '';
    if (!('asked' in dataset)) return;
    delete dataset.asked;
    this.#send();
  }

  /** The id of the conversation whose draft this is; '' is one yet to come. @param {string} id */
  set conversation(id) {
    this.#leaveEditing();
    this.notice = '';
    const key = `draft${id && `:${id}`}`;
    if (key === this.#draftKey) return;
    if (this.#prompt.value) this.#saveDraft(); // another tab may have overwritten it
    const typed = this.#draftKey ? '' : this.#prompt.value; // while the page was still opening
    this.#draftKey = key;
    this.#prompt.value = memory.get(key);
    if (typed) this.restore(typed);
    this.#grow();
  }

  /** The conversation has another id now, or none: what was written since its question goes with it. @param {string} id */
  assignId(id) {
    memory.set(this.#draftKey, '');
    this.#draftKey = `draft${id && `:${id}`}`;
    this.#saveDraft();
  }

  /** Whether the button stops rather than sends. @param {boolean} value */
  set streaming(value) {
    this.#streaming = value;
    this.#button.dataset.mode = value ? 'stop' : 'send';
    this.#button.textContent = value ? 'Stop' : 'Send';
  }

  /** One sentence above the field, announced immediately; '' removes it. @param {string} text */
  set notice(text) {
    find('#notice').textContent = text;
    find('#ways').replaceChildren();
  }

  /** A notice with buttons: what they are called, and what each does with what stands in the field. @param {string} notice @param {Record<string, (text: string) => Promise<boolean>>} ways */
  offer(notice, ways) {
    this.notice = notice;
    const buttons = Object.entries(ways).map(([textContent, act]) =>
      make('button', { type: 'button', textContent, onclick: () => this.#send(act) }),
    );
    find('#ways').replaceChildren(...buttons);
  }

  /** Put a text back to be changed, above what was written since. @param {string} text */
  restore(text) {
    const draft = this.#prompt.value;
    this.#write(draft.trim() && draft !== text ? `${text}\n\n${draft}` : text);
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  /** Let a question be changed and sent again. @param {string} id @param {string} text */
  edit(id, text) {
    if (!this.#editing) this.#aside = this.#prompt.value;
    this.#editing = id;
    this.notice =
      'Sending this replaces the question and removes everything after it. Esc leaves all as it is.';
    this.#write(text);
  }

  focus() {
    this.#prompt.focus();
  }

  /** @param {string} text */
  #write(text) {
    this.#prompt.value = text;
    this.#saveDraft();
    this.focus();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (!this.#streaming) return; // the form's submit event follows
    event.preventDefault();
    if (event.detail < 2) this.#on.stop(); // the second half of a double click on Send does not mean it
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, shiftKey, repeat } = event;
    if (isComposing(event)) return;
    if (key === 'Escape' && this.#editing) {
      event.preventDefault();
      this.#leaveEditing();
      this.notice = '';
    } else if (key === 'ArrowUp' && !this.#prompt.value && !shiftKey) {
      event.preventDefault();
      this.#on.up();
    } else if (key === 'Enter' && !shiftKey) {
      event.preventDefault();
      if (!repeat) this.#send();
    }
  }

  /** @param {(text: string, replacedId: string) => Promise<boolean>} [send] */
  async #send(send = this.#on.send) {
    const [text, replacedId] = [this.#prompt.value, this.#editing];
    if (this.#streaming || !text.trim()) return this.focus();
    this.#prompt.value = '';
    this.#leaveEditing();
    this.#saveDraft();
    this.notice = '';
    const key = this.#draftKey || 'draft';
    this.#sending.set(text, key);
    if (!(await send(text, replacedId))) this.#giveBack(text, key);
    this.#sending.delete(text);
  }

  /** It is a draft again, wherever the reader is by now. @param {string} text @param {string} key */
  #giveBack(text, key) {
    if (key === this.#draftKey) this.restore(text);
    else memory.set(key, `${text}\n\n${memory.get(key)}`.trim());
  }

  #leaveEditing() {
    if (!this.#editing) return;
    this.#editing = '';
    this.#prompt.value = this.#aside;
    this.#saveDraft();
  }

  #saveDraft() {
    this.#grow();
    if (this.#draftKey) memory.set(this.#draftKey, this.#prompt.value);
  }

  /** Only for browsers whose style sheet cannot do it (`field-sizing`). */
  #grow() {
    if (CSS.supports('field-sizing', 'content')) return;
    this.#prompt.style.height = 'auto';
    this.#prompt.style.height = `${this.#prompt.scrollHeight + 2}px`;
  }
}
