// Where the reader writes: Enter sends, Shift+Enter starts a new line (on a phone Enter does); one button sends or stops.

import { joined } from '../model/drafts.js';
import { meaningOf } from '../model/keys.js';
import { say } from '../system/words.js';
import { Attaching } from './attaching.js';
import { find, isComposing, isPhone, shownPlace } from './dom.js';
import { grow, insert, takeOver, tell, tellBusy } from './field.js';
import { Outbox } from './outbox.js';
import { offer } from './toast.js';

/** @import { Drafts } from '../model/drafts.js' */
/** @import { Asked, Draft, FileRef } from '../types.js' */
/** @typedef {{ send: (asked: Asked) => Promise<boolean>, stop: () => void, up: () => void, edit: (id: string) => void }} Listeners */

export class Composer {
  outbox = new Outbox((asked) => this.giveBack(asked));
  #prompt = find('#prompt');
  #button = find('#send');
  #cancel = find('#cancel');
  #on;
  #streaming = false;
  #drafts;
  /** The conversation whose draft this is; '' is one yet to come. @type {string | undefined} */
  #place;
  /** @type {Draft} */
  #draft = { text: '', editing: '', edits: {} };
  #original = ''; // the question that is being changed, as it was asked
  #files = new Attaching((text) => insert(this.#prompt, text));

  /** `send` resolves to whether it is stored; `edit` hears which question is being changed, or ''. @param {Drafts} drafts @param {Listeners} on */
  constructor(drafts, on) {
    this.#drafts = drafts;
    this.#on = on;
    find('#composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.#button.addEventListener('click', this.#clicked.bind(this));
    this.#prompt.addEventListener('keydown', this.#pressed.bind(this));
    this.#cancel.addEventListener('click', () => this.#giveUpEditing());
    this.#prompt.addEventListener('input', () => this.#saveDraft());
  }

  /** Send what was sent before this page could. */
  begin() {
    if (takeOver()) this.#send();
  }

  /** The id of the conversation whose draft this is; '' is one yet to come. @param {string} id */
  set conversation(id) {
    const typed = this.#place === undefined ? this.#prompt.value : ''; // while the page was opening
    this.#saveDraft(); // what an input method has not told yet
    this.#place = id;
    this.#draft = this.#drafts.of(id);
    this.#show();
    if (typed) this.restore(typed);
    else void this.#recover(id);
  }

  /** The page goes: what was written while it was opening is a draft of the place that it was opening. */
  leave() {
    const [text, place] = [this.#prompt.value, shownPlace().replace('new', '')];
    if (this.#place === undefined) this.giveBack({ text, files: this.#files.refs, place });
  }

  /** The conversation has another id now, or none: what was written since its question goes with it. @param {string} id */
  assignId(id) {
    this.#drafts.save(this.#place ?? '', { text: '', editing: '', edits: {} });
    this.outbox.move(this.#place ?? '', id);
    this.#place = id;
    this.#files.move(id);
    this.#saveDraft();
  }

  /** Whether the button stops rather than sends. @param {boolean} value */
  set streaming(value) {
    this.#streaming = value;
    if (!value) tellBusy(false);
    this.#drawButton();
  }

  /** One sentence above the field, announced immediately; '' removes it. @param {string} text */
  set notice(text) {
    tell(text);
  }

  /** A notice with buttons: what they are called, and what each does with what stands in the field. @param {string} notice @param {Record<string, Listeners['send']>} ways */
  offer(notice, ways) {
    const sending = Object.entries(ways).map(([name, act]) => [name, () => this.#send(act)]);
    tell(notice, Object.fromEntries(sending));
  }

  /** Put a text and its files back to be changed, above what was written since. @param {string} text @param {FileRef[]} [files] */
  restore(text, files) {
    this.#files.giveBack(this.#place ?? '', files);
    if (this.#draft.editing) {
      this.#draft.text = joined(text, this.#draft.text);
      return this.#saveDraft();
    }
    this.#setText(joined(text, this.#prompt.value));
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  /** Let a question be changed and asked as another version; what was changed of it before is there again. @param {string} id @param {string} text @param {FileRef[]} [files] */
  edit(id, text, files) {
    const { edits } = this.#draft;
    if (edits[id] === undefined) this.#files.giveBack(id, files);
    edits[id] ??= text;
    this.#draft.editing = id;
    this.#show();
    this.#original = text;
    this.#setText(edits[id]);
  }

  /** A changed question was not asked: it is there to be changed on. @param {string} id @param {string} text @param {FileRef[]} [files] */
  editAgain(id, text, files) {
    this.#files.giveBack(id, files);
    this.#draft.edits[id] = joined(text, this.#draft.edits[id] ?? '');
    this.edit(id, text);
  }

  focus() {
    this.#prompt.focus();
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    if (!this.#stops) return; // the form's submit event follows
    event.preventDefault();
    if (event.detail < 2) this.#on.stop(); // the second half of a double click on Send does not mean it
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const meaning = isComposing(event) ? '' : meaningOf(event, this.#prompt.value, isPhone());
    if (!meaning || (meaning === 'leave' && !this.#draft.editing)) return;
    event.preventDefault();
    if (meaning === 'leave') this.#giveUpEditing();
    else if (meaning === 'up') this.#on.up();
    else if (!event.repeat) this.#send();
  }

  /** @param {Listeners['send']} [send] */
  async #send(send = this.#on.send) {
    const place = this.#place;
    if (this.#files.reading) await this.#files.reading;
    const isLeft = place !== undefined && place !== this.#place;
    const asked = isLeft ? this.#takeFrom(place) : this.#take();
    if (asked) await this.outbox.send(asked, send);
  }

  /** Take the question out of the field; nothing if there is none to be sent now. */
  #take() {
    const { editing: editedId } = this.#draft;
    const text = this.#prompt.value;
    const isEmpty = !(text.trim() || this.#files.refs.length);
    if (this.#stops) tellBusy(!isEmpty);
    if (this.#stops || isEmpty) return this.focus();
    const files = this.#files.take();
    this.#setText('');
    this.#leaveEditing();
    return { text, files, editedId, place: this.#place };
  }

  /** Take the question that waited for its files in this place, which the reader has left. @param {string} place */
  #takeFrom(place) {
    const { text, editedId } = this.#drafts.take(place);
    const files = this.#files.takeFrom(editedId || place);
    return (text.trim() || files.length) && { text, files, editedId, place };
  }

  /** It is a draft again, wherever the reader is by now. @param {Asked} asked */
  giveBack({ text, files, editedId = '', place = '' }) {
    if (place === this.#place)
      return editedId ? this.editAgain(editedId, text, files) : this.restore(text, files);
    this.#files.giveBack(editedId || place, files);
    this.#drafts.giveBack(place, text, editedId);
  }

  /** What a tab that was closed has left here. @param {string} place */
  async #recover(place) {
    const draft = this.#prompt.value ? undefined : await this.#drafts.recover(place);
    if (!draft || place !== this.#place) return;
    this.#draft = draft;
    this.#show();
  }

  #giveUpEditing() {
    const { editing: id } = this.#draft;
    const [text, original, place] = [this.#prompt.value, this.#original, this.#place];
    const files = this.#files.take();
    this.#leaveEditing();
    this.focus();
    if (text === original || !text.trim()) return;
    offer(say('composer.discarded'), say('toast.undo'), () => {
      if (place !== this.#place)
        return this.giveBack({ text, files, editedId: id, place: place ?? '' });
      this.editAgain(id, text, files);
      this.#original = original;
    });
  }

  /** The draft from before is there again. */
  #leaveEditing() {
    delete this.#draft.edits[this.#draft.editing];
    this.#draft.editing = '';
    this.#original = '';
    this.#show();
    this.#saveDraft();
  }

  /** Whether the button stops an answer; a change can be sent while one is written. */
  get #stops() {
    return this.#streaming && !this.#draft.editing;
  }

  /** @param {string} text */
  #setText(text) {
    this.#prompt.value = text;
    this.#saveDraft();
    this.focus();
  }

  /** Show the draft, and no other notice than that it is a change. */
  #show() {
    const { text, editing, edits } = this.#draft;
    this.#prompt.value = editing ? (edits[editing] ?? '') : text;
    this.notice = editing ? say('composer.editing') : '';
    this.#cancel.hidden = !editing;
    this.#files.key = editing || (this.#place ?? '');
    this.#on.edit(editing);
    this.#drawButton();
    grow(this.#prompt);
  }

  #drawButton() {
    this.#button.dataset.mode = this.#stops ? 'stop' : 'send';
    this.#button.textContent = say(this.#stops ? 'composer.stop' : 'composer.send');
  }

  #saveDraft() {
    const { editing, edits } = this.#draft;
    if (editing) edits[editing] = this.#prompt.value;
    else this.#draft.text = this.#prompt.value;
    if (this.#place !== undefined) this.#drafts.save(this.#place, this.#draft);
    this.#drawButton();
    grow(this.#prompt);
  }
}
