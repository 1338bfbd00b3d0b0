// Where the reader writes: Enter sends, Shift+Enter starts a new line (on a phone Enter does); one button sends or stops.

import { filesIn, withFiles, withGiven } from '../model/drafts.js';
import { meaningOf } from '../model/keys.js';
import { say } from '../system/words.js';
import { Attaching, areSame } from './attaching.js';
import { find, isComposing, isPhone, shownPlace } from './dom.js';
import { grow, insert, takeOver, tell, tellBusy, tellEditing } from './field.js';
import { Outbox } from './outbox.js';
import { SendButton } from './send-button.js';
import { offer } from './toast.js';

/** @import { Drafts } from '../model/drafts.js' */
/** @import { Asked, Draft, FileRef } from '../types.js' */
/** @typedef {{ send: (asked: Asked) => Promise<boolean>, stop: () => void, up: () => void, edit: (id: string) => void }} Listeners */

export class Composer {
  outbox = new Outbox((asked) => this.giveBack(asked));
  #prompt = find('#prompt');
  #button = new SendButton(() => this.#on.stop());
  #on;
  #streaming = false;
  #drafts;
  /** The conversation whose draft this is; '' is one yet to come. @type {string | undefined} */
  #place;
  /** @type {Draft} */
  #draft = { text: '', editing: '', edits: {} };
  /** The question that is being changed, as it was asked. @type {{ text: string, files: FileRef[] }} */
  #original = { text: '', files: [] };
  #files = new Attaching({
    onText: (text) => insert(this.#prompt, text),
    onChange: () => this.#saveDraft(),
    onElsewhere: (place, id, ref) => {
      this.#drafts.attach(place, id, ref);
      if (place === this.#place) this.#draft = this.#drafts.of(place);
    },
  });

  /** `send` resolves to whether it is stored; `edit` hears which question is being changed, or ''. @param {Drafts} drafts @param {Listeners} on */
  constructor(drafts, on) {
    this.#drafts = drafts;
    this.#on = on;
    find('#composer').addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#send();
    });
    this.#prompt.addEventListener('keydown', this.#pressed.bind(this));
    find('#cancel').addEventListener('click', () => this.#giveUpEditing());
    this.#prompt.addEventListener('input', () => this.#saveDraft());
  }

  /** Send what was sent before this page could. */
  begin() {
    if (takeOver()) this.#send();
  }

  /** The id of the conversation whose draft this is; '' is one yet to come. @param {string} id */
  set conversation(id) {
    const [isOpening, typed] = [this.#place === undefined, this.#prompt.value];
    this.#saveDraft(); // what an input method has not told yet
    this.#place = id;
    this.#draft = this.#drafts.of(id);
    this.#show(isOpening); // what was said of files that were given meanwhile stays
    if (isOpening && typed) this.restore(typed);
    else void this.#recover(id);
  }

  /** The page goes: what was written while it was opening is a draft of the place that it was opening. Return what takes it back. */
  leave() {
    const [text, place] = [this.#prompt.value, shownPlace().replace('new', '')];
    if (this.#place === undefined) return this.#drafts.giveBack(place, text, '', this.#files.refs);
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
    this.#button.stops = this.#stops;
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
    this.#give(text, '', files);
    if (this.#draft.editing) return;
    this.#setText(this.#draft.text);
    this.#prompt.setSelectionRange(text.length, text.length);
  }

  /** Let a question be changed and asked as another version; what was changed of it before is there again. @param {string} id @param {string} text @param {FileRef[]} [files] */
  edit(id, text, files = []) {
    const { edits } = this.#draft;
    if (edits[id] === undefined) this.#draft = withFiles(this.#draft, id, files);
    edits[id] ??= text;
    this.#draft.editing = id;
    this.#show();
    this.#original = { text, files };
    this.#setText(edits[id]);
  }

  /** A changed question was not asked: it is there to be changed on. @param {string} id @param {string} text @param {FileRef[]} [files] */
  editAgain(id, text, files) {
    this.#give(text, id, files);
    this.edit(id, text, files);
  }

  focus() {
    this.#prompt.focus();
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
    const [place, id] = [this.#place, this.#draft.editing];
    if (this.#files.isReading && !(await this.#files.whenRead())) return;
    const isShown = place === this.#place && id === this.#draft.editing;
    const asked = isShown || place === undefined ? this.#take() : this.#takeFrom(place, id);
    if (asked) await this.outbox.send(asked, send);
  }

  /** Take the question out of the field; nothing if there is none to be sent now. */
  #take() {
    const [text, editedId] = [this.#prompt.value, this.#draft.editing];
    const isEmpty = !(text.trim() || this.#files.refs.length);
    if (this.#stops) tellBusy(!isEmpty);
    if (this.#stops || isEmpty) return this.focus();
    const files = this.#files.take();
    this.#setText('');
    this.#leaveEditing();
    return { text, files, editedId, place: this.#place };
  }

  /** Take the question, or the change with this id, that waited for its files and that the reader has left. @param {string} place @param {string} id */
  #takeFrom(place, id) {
    const asked = { ...this.#drafts.take(place, id), place };
    if (place === this.#place) this.#draft = this.#drafts.of(place);
    return (asked.text.trim() || asked.files.length) && asked;
  }

  /** It is a draft again, wherever the reader is by now. @param {Asked} asked */
  giveBack({ text, files, editedId = '', place = '' }) {
    if (place !== this.#place) this.#drafts.giveBack(place, text, editedId, files);
    else if (editedId) this.editAgain(editedId, text, files);
    else this.restore(text, files);
  }

  /** Put this above the text of the draft, or above its change with this id. @param {string} text @param {string} id @param {FileRef[]} [files] */
  #give(text, id, files) {
    this.#saveDraft(); // what an input method has not told yet
    this.#draft = withGiven(this.#draft, text, id, files);
    if (id === this.#draft.editing) this.#showFiles();
    else this.#saveDraft();
  }

  /** What a tab that was closed has left here. @param {string} place */
  async #recover(place) {
    const draft = this.#prompt.value ? undefined : await this.#drafts.recover(place);
    if (!draft || place !== this.#place) return;
    this.#draft = draft;
    this.#show(true);
  }

  #giveUpEditing() {
    const [id, text, place] = [this.#draft.editing, this.#prompt.value, this.#place];
    const [files, original] = [this.#files.take(), this.#original];
    this.#leaveEditing();
    this.focus();
    if ((text === original.text || !text.trim()) && areSame(files, original.files)) return;
    offer(say('composer.discarded'), say('toast.undo'), () => {
      this.giveBack({ text, files, editedId: id, place });
      if (place === this.#place) this.#original = original;
    });
  }

  /** The draft from before is there again. */
  #leaveEditing() {
    const { editing } = this.#draft;
    delete this.#draft.edits[editing];
    if (editing) this.#draft = withFiles({ ...this.#draft, editing: '' }, editing, []);
    this.#original = { text: '', files: [] };
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

  /** Show the draft, and whether it is a change; no other notice unless what was said `stays`. */
  #show(stays = false) {
    const { text, editing, edits } = this.#draft;
    this.#prompt.value = editing ? (edits[editing] ?? '') : text;
    tellEditing(editing !== '', stays);
    find('#cancel').hidden = !editing;
    this.#showFiles();
    this.#on.edit(editing);
    this.#button.stops = this.#stops;
    grow(this.#prompt);
  }

  #showFiles({ editing } = this.#draft) {
    this.#files.show(this.#place, editing, filesIn(this.#draft, editing));
  }

  #saveDraft() {
    const { editing, edits } = this.#draft;
    if (editing) edits[editing] = this.#prompt.value;
    else this.#draft.text = this.#prompt.value;
    this.#draft = withFiles(this.#draft, editing, this.#files.refs);
    if (this.#place !== undefined) this.#drafts.save(this.#place, this.#draft);
    this.#button.stops = this.#stops;
    grow(this.#prompt);
  }
}
