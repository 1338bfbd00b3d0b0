// Where the reader writes: Enter sends, Shift+Enter breaks the line, the one button sends or stops.

import { isComposing } from './shortcuts.js';
import { find, memory } from './dom.js';

export class Composer {
  #prompt = find('#prompt');
  #button = find('#send');
  #on;
  #streaming = false;
  #draft = '';
  #editing = ''; // the id of the question on the page that is being changed
  #aside = ''; // what was written before that
  #sending = new Map(); // texts that are not stored yet, and whose drafts they were

  /** @param {{ send: (text: string, instead: string) => Promise<boolean>, stop: () => void, up: () => void }} on `send`: whether it is stored. */
  constructor(on) {
    this.#on = on;
    find('#composer').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#button.addEventListener('click', (event) => this.#clicked(event));
    this.#prompt.addEventListener('keydown', (event) => this.#pressed(event));
    this.#prompt.addEventListener('input', () => this.#keepDraft());
    addEventListener('pagehide', () =>
      this.#sending.forEach((draft, text) => this.#giveBack(text, draft)),
    );
    this.streaming = false;
  }

  /** Whose draft this is; '' is that of a conversation yet to come. */
  set conversation(id) {
    this.#leaveEditing();
    this.notice = '';
    const draft = `draft${id && `:${id}`}`;
    if (draft === this.#draft) return;
    if (this.#prompt.value) this.#keepDraft(); // another tab may have written over it
    const typed = this.#draft ? '' : this.#prompt.value; // while the page was still opening
    this.#draft = draft;
    this.#prompt.value = memory.get(draft);
    if (typed) this.restore(typed);
    this.#grow();
  }

  /** The new conversation has an id now: what was written since its question goes with it. */
  become(id) {
    memory.set(this.#draft, '');
    this.#draft = `draft:${id}`;
    this.#keepDraft();
  }

  /** Whether the button stops rather than sends. */
  set streaming(value) {
    this.#streaming = value;
    this.#button.dataset.mode = value ? 'stop' : 'send';
    this.#button.textContent = value ? 'Stop' : 'Send';
  }

  /** One sentence above the field, spoken at once; '' takes it away. */
  set notice(text) {
    find('#notice').textContent = text;
  }

  /** Put a text back to be changed, above what was written since. */
  restore(text) {
    const draft = this.#prompt.value;
    this.#write(draft.trim() && draft !== text ? `${text}\n\n${draft}` : text);
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  /** Let a question be changed and sent anew. */
  edit(id, text) {
    if (!this.#editing) this.#aside = this.#prompt.value;
    this.#editing = id;
    this.notice =
      'Sending asks this in place of the question, and what follows it goes. Esc leaves all as it is.';
    this.#write(text);
  }

  focus() {
    this.#prompt.focus();
  }

  #write(text) {
    this.#prompt.value = text;
    this.#keepDraft();
    this.focus();
  }

  #clicked(event) {
    if (!this.#streaming) return; // the form's submit event follows
    event.preventDefault();
    if (event.detail < 2) this.#on.stop(); // the second half of a double click on Send does not mean it
  }

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

  async #send() {
    const [text, instead] = [this.#prompt.value, this.#editing];
    if (this.#streaming || !text.trim()) return this.focus();
    this.#prompt.value = '';
    this.#leaveEditing();
    this.#keepDraft();
    this.notice = '';
    const draft = this.#draft || 'draft';
    this.#sending.set(text, draft);
    if (!(await this.#on.send(text, instead))) this.#giveBack(text, draft);
    this.#sending.delete(text);
  }

  /** It is a draft again, wherever the reader is by now. */
  #giveBack(text, draft) {
    if (draft === this.#draft) this.restore(text);
    else memory.set(draft, `${text}\n\n${memory.get(draft)}`.trim());
  }

  #leaveEditing() {
    if (!this.#editing) return;
    this.#editing = '';
    this.#prompt.value = this.#aside;
    this.#keepDraft();
  }

  #keepDraft() {
    this.#grow();
    if (this.#draft) memory.set(this.#draft, this.#prompt.value);
  }

  /** Only for browsers whose style sheet cannot do it (`field-sizing`). */
  #grow() {
    if (CSS.supports('field-sizing', 'content')) return;
    this.#prompt.style.height = 'auto';
    this.#prompt.style.height = `${this.#prompt.scrollHeight + 2}px`;
  }
}
