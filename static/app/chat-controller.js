// What the reader does reaches the conversation on the page, and what happens there reaches the page.

import { Composer } from '../view/composer.js';
import { Library } from '../model/conversations.js';
import { CONTINUE, isAnswer } from '../model/message.js';
import { find, say } from '../view/dom.js';
import { Runs } from './answer-runner.js';
import { ConnectionSlots } from '../network/connection-slots.js';
import { Settings } from '../view/settings.js';
import { Sidebar } from '../view/sidebar.js';
import { stateOf, totalOf } from '../model/status-text.js';
import { signIn } from '../view/session.js';
import { sharedStore } from '../model/store.js';
import { offer } from '../view/toast.js';
import { Transcript } from '../view/transcript.js';
import { stayAwake } from '../view/wake-lock.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Change, Message, Store } from '../types.js' */

const TITLE = document.title;

/** What the address names: the id of a conversation, or `new`. */
const placeShown = () => location.hash.slice(2);

export class Desk {
  library;
  #runs;
  #transcript;
  composer;
  settings;
  sidebar;
  /** @type {Conversation} the one on the page */
  here;
  #opening = 0;
  #ready;

  /** @param {Store} store */
  constructor(store, channel, wake) {
    const shared = sharedStore(store, channel, () => {
      this.composer.notice = 'This browser cannot store the conversation: a reload will lose it.';
    });
    this.library = new Library(shared);
    this.here = this.library.create();
    this.composer = new Composer({
      send: (text, instead) => this.send(text, instead),
      stop: () => this.stop(),
      up: () => this.#editLast(),
    });
    this.#transcript = new Transcript((action, id) => this.act(action, id));
    this.settings = new Settings((system) => {
      this.here.meta.system = system;
      if (this.library.has(this.here.meta.id)) this.library.update(this.here.meta, { system });
    });
    this.sidebar = new Sidebar({
      rename: (id, title) => {
        this.library.rename(id, title);
        this.#show();
      },
      delete: (id) => this.#delete(id),
      search: (words) => this.library.search(words),
    });
    this.#runs = new Runs({
      streams: document.body.dataset.streams ?? '',
      wake,
      slots: new ConnectionSlots(channel),
      isSeen: (conversation) => conversation === this.here && !document.hidden,
      onChange: (conversation, answer) => this.#changed(conversation, answer),
      onRuns: () => this.#show(),
      onSignedOut: signIn,
      onFaulty: (conversation, answer, message) => this.#takeBack(conversation, answer, message),
    });
    channel.addEventListener('message', ({ data }) => Array.isArray(data) && this.#hear(data));
    // hashchange comes a task later: words typed meanwhile would belong to the conversation before
    addEventListener('popstate', () => (this.#ready = this.#open()));
    this.#ready = this.#begin();
  }

  async #begin() {
    await this.library.load();
    const latest = this.library.metas[0]?.id;
    if (!location.hash && latest) history.replaceState(null, '', `#/${latest}`);
    await this.#open();
  }

  /** Show what is stored, and go on with every answer that has not ended. @param {Store} store */
  async start(store) {
    await this.#ready;
    this.settings.load(document.body.dataset.models ?? '');
    for (const { conversation } of await store.open()) {
      if (this.library.has(conversation)) this.#runs.resume(await this.library.open(conversation));
    }
    document.body.dataset.ready = '';
  }

  /** Answers are Markdown from now on. @param {import('../types.js').MarkdownLibrary} library */
  format(library) {
    this.#transcript.format(library);
  }

  /** The page may be about to go: write down what is not written yet. */
  save() {
    this.library.flush();
  }

  stop() {
    this.#runs.stop(placeShown()); // what is opening counts, not what was before
  }

  /** Ask this, in place of a question where its id is given; resolves to whether it is stored, once it is. */
  async send(text, instead = '') {
    const place = placeShown(); // the reader may go on before it is open
    await this.#ready;
    const here = this.library.has(place) ? await this.library.open(place) : this.here;
    if (this.#runs.busy.has(here.meta.id)) return false;
    const cut = instead ? here.cut(instead) : [];
    if (cut.length) offer('The question was asked anew.', 'Undo', () => this.#uncut(here, cut));
    this.library.touch(here, text);
    if (place !== here.meta.id && place === placeShown()) {
      // it was a new one
      history.replaceState(null, '', `#/${here.meta.id}`);
      this.composer.become(here.meta.id);
    }
    const [question, answer] = here.ask(text, this.settings.ask(here.meta.system));
    if (here === this.here) {
      for (const { id } of cut) this.#transcript.remove(id);
      this.#transcript.add(question);
      this.#transcript.add(answer);
      this.#transcript.pin();
    }
    this.#runs.run(here, answer, true);
    this.sidebar.chosen();
    await here.stored;
    return true;
  }

  /** @param {Conversation} conversation @param {Message[]} cut */
  #uncut(conversation, cut) {
    this.#runs.stop(conversation.meta.id);
    conversation.uncut(cut);
    if (conversation === this.here) this.#transcript.show(conversation.messages);
    this.#show();
  }

  /** What the buttons below a message stand for. */
  act(action, id) {
    const here = this.here;
    if (this.#runs.busy.has(here.meta.id)) return;
    if (action === 'edit-question')
      return this.composer.edit(id, here.messages.find((message) => message.id === id)?.text ?? '');
    const answer = here.answer(id);
    if (!answer) return;
    if (action === 'new') this.go('new');
    else if (action === 'continue') this.send(CONTINUE);
    else if (action === 'edit') this.#edit(answer);
    else if (action === 'reconnect') {
      here.update(answer, { phase: 'reconnecting', problem: undefined });
      this.#runs.run(here, answer, false);
    } else {
      const again = here.retry(answer, this.settings.ask(here.meta.system));
      if (again !== answer) {
        if (here.answer(answer.id)) this.#transcript.update(answer);
        else this.#transcript.remove(answer.id);
        this.#transcript.add(again);
      }
      this.#transcript.pin();
      this.#runs.run(here, again, true);
    }
  }

  /** Take the question back into the composer. @param {Answer} answer */
  #edit(answer) {
    const question = this.here.questionOf(answer);
    if (!question) return;
    if (!this.here.canWithdraw(answer)) return this.composer.edit(question.id, question.text);
    this.here.withdraw(answer);
    for (const { id } of [answer, question]) this.#transcript.remove(id);
    this.composer.restore(question.text);
  }

  async #editLast() {
    await this.#ready;
    const last = this.here.messages.findLast(({ role }) => role === 'user');
    if (last) this.act('edit-question', last.id);
  }

  /** The server does not take the question: the reader has it again. @param {Conversation} conversation @param {Answer} answer */
  #takeBack(conversation, answer, message) {
    if (conversation !== this.here || !conversation.canWithdraw(answer)) return false;
    this.#edit(answer);
    this.composer.notice = message;
    return true;
  }

  /** To a conversation by its id, or to a `new` one. */
  go(place) {
    if (placeShown() === place) this.#ready = this.#open();
    else location.hash = `#/${place}`;
  }

  /** Show the conversation that the address names. */
  async #open() {
    const id = placeShown();
    const turn = ++this.#opening;
    const known = this.library.has(id);
    this.composer.conversation = known ? id : '';
    this.composer.streaming = this.#runs.busy.has(id);
    const conversation = known ? await this.library.open(id) : this.library.create();
    if (turn !== this.#opening) return; // another one was chosen meanwhile
    this.here = conversation;
    this.#transcript.show(conversation.messages);
    this.settings.system = conversation.meta.system ?? '';
    this.#runs.resume(conversation);
    this.#show();
    this.sidebar.chosen();
    if (matchMedia('(pointer: fine)').matches) this.composer.focus();
  }

  async #delete(id) {
    if (!this.library.has(id)) return; // the second half of a double click
    this.#runs.stop(id);
    if (placeShown() === id) this.go('new'); // first: what is typed from now on is not for it
    const back = await this.library.remove(id);
    this.#show();
    offer('The conversation is deleted.', 'Undo', () => {
      back();
      this.go(id);
      this.#show();
    });
  }

  /** @param {Conversation} conversation @param {Answer} answer */
  #changed(conversation, answer) {
    if (conversation !== this.here) return;
    this.#transcript.update(answer);
    say(find('#announce'), `Claude: ${stateOf(answer)}`);
    if (answer.state !== 'streaming') say(find('#total'), totalOf(conversation.answers));
  }

  /** Another tab has written. @param {Change[]} changes */
  async #hear(changes) {
    for (const change of changes) await this.#adopt(change);
  }

  /** @param {Change} change */
  async #adopt(change) {
    const id = await this.library.adopt(change);
    const here = this.here;
    if (change.table === 'conversations') {
      if (!change.record) this.#runs.stop(id);
      if (!change.record && placeShown() === id) this.go('new');
      return this.#show();
    }
    if (!change.record) this.#transcript.remove(change.id ?? '');
    const message = here.messages.find((one) => one.id === change.record?.id);
    if (!message) return;
    this.#transcript.add(message, here.messages[here.messages.indexOf(message) + 1]);
    if (!isAnswer(message)) return;
    this.#runs.resume(here);
    this.#changed(here, message);
  }

  /** Whatever stands around the conversation. */
  #show() {
    const { meta, answers } = this.here;
    const { busy } = this.#runs;
    this.composer.streaming = busy.has(meta.id);
    this.sidebar.show(this.library.metas, meta.id, busy);
    say(find('h1'), meta.title || TITLE);
    document.title = meta.title ? `${meta.title} · Claude` : TITLE;
    say(find('#total'), totalOf(answers));
    stayAwake(busy.size > 0);
  }
}
