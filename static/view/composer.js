// Where the reader writes: Enter sends, Shift+Enter starts a new line, the one button sends or stops.

import { Attaching } from './attaching.js';
import { find, isComposing, memory } from './dom.js';
import { openEntrances } from './file-entrances.js';

/** @import { FileRef } from '../types.js' */
/**
 * @typedef {{
 *   send: (text: string, replacedId: string, files: FileRef[]) => Promise<boolean>, stop: () => void, up: () => void
 * }} Listeners `send` resolves to whether the question is stored.
 */

export class Composer {
  #prompt = find('#prompt');
  #button = find('#send');
  #on;
  #streaming = false;
  #draftKey = '';
  #editing = ''; // the id of the question on the page that is being changed
  /** What was written before that. @type {{ text: string, files: FileRef[] }} */
  #aside = { text: '', files: [] };
  #files;
  /** Texts that are not stored yet, and the keys of their drafts. @type {Map<string, string>} */
  #sending = new Map();

  /** @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    const onRefused = (/** @type {string} */ sentence) => this.#say(sentence);
    const onText = (/** @type {string} */ text) => this.#insert(text);
    this.#files = new Attaching({ onRefused, onText });
    openEntrances({
      onRefused,
      onText,
      onFiles: (files, how) => {
        this.notice = '';
        this.#files.add(files, how);
      },
    });
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

  /** The id of the conversation whose draft this is; '' is one yet to come. @param {string} id */
  set conversation(id) {
    this.#leaveEditing();
    this.notice = '';
    const key = `draft${id && `:${id}`}`;
    if (key === this.#draftKey) return;
    if (this.#prompt.value) this.#saveDraft(); // another tab may have overwritten it
    const typed = this.#draftKey ? '' : this.#prompt.value; // while the page was still opening
    this.#draftKey = key;
    this.#files.key = key;
    this.#prompt.value = memory.get(key);
    if (typed) this.restore(typed);
    this.#grow();
  }

  /** The new conversation has an id now: what was written since its question goes with it. @param {string} id */
  assignId(id) {
    memory.set(this.#draftKey, '');
    this.#draftKey = `draft:${id}`;
    this.#files.move(this.#draftKey);
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
  }

  /** Put a text back to be changed, above what was written since, with its files. @param {string} text @param {FileRef[]} [files] */
  restore(text, files) {
    this.#files.restore(files);
    const draft = this.#prompt.value;
    this.#write(draft.trim() && draft !== text ? `${text}\n\n${draft}` : text);
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  /** Let a question be changed and sent again. @param {string} id @param {string} text @param {FileRef[]} [files] */
  edit(id, text, files = []) {
    if (!this.#editing) this.#aside = { text: this.#prompt.value, files: this.#files.refs };
    this.#files.replace(files);
    this.#editing = id;
    this.notice =
      'Sending this replaces the question and removes everything after it. Esc leaves all as it is.';
    this.#write(text);
  }

  focus() {
    this.#prompt.focus();
  }

  /** One more sentence, where several files are refused. @param {string} sentence */
  #say(sentence) {
    const { textContent: said } = find('#notice');
    this.notice = said ? `${said}\n${sentence}` : sentence;
  }

  /** Put this text where the caret is. @param {string} text */
  #insert(text) {
    const { selectionStart, selectionEnd } = this.#prompt;
    this.#prompt.setRangeText(text, selectionStart, selectionEnd, 'end');
    this.#saveDraft();
    this.focus();
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

  async #send() {
    await this.#files.settled;
    const [text, replacedId] = [this.#prompt.value, this.#editing];
    if (this.#streaming || !(text.trim() || this.#files.refs.length)) return this.focus();
    const files = this.#files.take();
    this.#prompt.value = '';
    this.#leaveEditing();
    this.#saveDraft();
    this.notice = '';
    const key = this.#draftKey || 'draft';
    this.#sending.set(text, key);
    if (!(await this.#on.send(text, replacedId, files))) this.#giveBack(text, key, files);
    this.#sending.delete(text);
  }

  /** It is a draft again, wherever the reader is by now. @param {string} text @param {string} key @param {FileRef[]} [files] */
  #giveBack(text, key, files) {
    if (key === this.#draftKey) this.restore(text, files);
    else memory.set(key, `${text}\n\n${memory.get(key)}`.trim());
  }

  #leaveEditing() {
    if (!this.#editing) return;
    this.#editing = '';
    this.#prompt.value = this.#aside.text;
    this.#files.replace(this.#aside.files);
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
