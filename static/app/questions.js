// What the reader asks: a new question, another version of one, the same again, and taking one back.

import { CONTINUE } from '../model/message.js';
import { isTooLong } from '../network/stream-error.js';
import { say } from '../system/words.js';
import { find, renamePlace, shownMessage, shownPlace, write } from '../view/dom.js';
import { load } from '../system/parts.js';
import { tellBusy } from '../view/field.js';
import { offerPlace } from '../view/toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Asked, RequestOptions, Store } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

export class Questions {
  #chat;
  #recovering = Promise.resolve();

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Whether the reader has left the conversation that is still on the page: another one is opening. */
  get isLeft() {
    const { conversations, current } = this.#chat;
    return (
      (conversations.keeps(current.meta.id) ? current.meta.id : '') !== this.#keyOf(shownPlace())
    );
  }

  /**
   * Ask this, as another version of a question if its id is given; resolve to whether it is stored, once it is. What is
   * asked has its question's id and place from then on.
   *
   * @param {Asked} asked where the reader is, unless a place is given
   * @param {number} [from] `n` of the first message that is sent
   */
  async send(asked, from) {
    const { text, editedId = '', files = [], place = shownPlace() } = asked;
    const chat = this.#chat;
    await chat.ready;
    const conversation = await this.#conversationAt(place);
    await chat.settings.loaded;
    if (asked.isBack) return false;
    if (chat.runner.isAnswering(conversation.meta.id) && !editedId) {
      if (this.#keyOf(place) === this.#keyOf(shownPlace())) tellBusy(true);
      else offerPlace(say('composer.busy-there', { title: conversation.meta.title }), place);
      return false;
    }
    const options = chat.settings.settle(conversation);
    chat.conversations.touch(conversation, text.trim() || files.map(({ name }) => name).join(', '));
    this.#name(this.#keyOf(place), conversation);
    const question = this.#ask(conversation, text, options, { instead: editedId, files, from });
    Object.assign(asked, { id: question.id, place: conversation.meta.id });
    chat.sidebar.chosen();
    await conversation.stored;
    return true;
  }

  /** Do what the button below a message stands for. @param {string} action @param {string} id */
  act(action, id) {
    if (this.isLeft) return;
    const { current, composer, runner } = this.#chat;
    if (action === 'older') return this.#switch(id, -1);
    if (action === 'newer') return this.#switch(id, 1);
    const question = current.message(id);
    if (action === 'edit-question' && question?.role === 'user')
      return composer.edit(id, question.text, question.files);
    const answer = current.answer(id);
    if (!answer) return;
    if (action === 'new') this.#chat.go('new');
    else if (action === 'edit') void this.#edit(answer);
    else if (action === 'again') this.#retry(answer);
    else if (runner.isAnswering(current.meta.id)) tellBusy(true);
    else if (action === 'leave-out') this.#leaveOut(answer);
    else if (action === 'continue') this.send({ text: CONTINUE });
    else if (action === 'reconnect') this.#reconnect(answer);
    else this.#retry(answer);
  }

  async editLast() {
    await this.#chat.ready;
    const last = this.#chat.current.messages.findLast(({ role }) => role === 'user');
    if (last) this.act('edit-question', last.id);
  }

  /** Show the version before or after this one. @param {string} id @param {number} step */
  #switch(id, step) {
    const { current, conversations } = this.#chat;
    const message = current.message(id);
    const versions = message ? current.versions(message) : [];
    const place = versions.findIndex((version) => version.id === id) + step;
    if (!versions[place]) return;
    conversations.choose(current, versions[place]);
    this.#arrange();
    write(find('#announce'), say('message.version', { place: place + 1, count: versions.length }));
  }

  /** Return the conversation of this place; a new one while the storage does not answer, never another one. @param {string} place */
  async #conversationAt(place) {
    const { conversations, current } = this.#chat;
    const fresh = conversations.has(current.meta.id) ? conversations.create() : current;
    return conversations.has(place) ? conversations.open(place).catch(() => fresh) : fresh;
  }

  /** The name of a place as drafts have it: '' is a conversation yet to come. @param {string} place */
  #keyOf(place) {
    return this.#chat.conversations.has(place) ? place : '';
  }

  /** If the conversation is new, the address names it from now on. @param {string} key @param {Conversation} conversation */
  #name(key, { meta }) {
    if (key === meta.id || key !== this.#keyOf(shownPlace())) return;
    renamePlace(meta.id);
    this.#chat.composer.assignId(meta.id);
  }

  /** @param {Conversation} conversation @param {string} text @param {RequestOptions} options @param {Parameters<Conversation['ask']>[2]} more */
  #ask(conversation, text, options, more) {
    const [question, answer] = conversation.ask(text, options, more);
    if (conversation === this.#chat.current) this.#showNew();
    this.#chat.runner.run(conversation, answer, true);
    return question;
  }

  /** What the last page of this tab was asking as it went is stored or a draft again, once the storage can say which. @param {Store} store */
  recover(store) {
    const recover = () => this.#recoverAll(store);
    return (this.#recovering = this.#recovering.then(recover, recover)); // one at a time: none is given back twice
  }

  /** @param {Store} store */
  async #recoverAll(store) {
    const { composer } = this.#chat;
    for (const asked of composer.outbox.left) {
      const isStored = await holds(store, asked);
      if (isStored === undefined) continue;
      composer.outbox.settle(asked);
      if (!isStored) composer.giveBack({ ...asked, place: this.#keyOf(asked.place ?? '') });
    }
  }

  #showNew() {
    this.#arrange();
    this.#chat.transcript.pin();
  }

  /** Show the path; the address names no message that the reader has left for another version. */
  #arrange() {
    this.#chat.arrange();
    const { current, transcript } = this.#chat;
    if (shownPlace() === current.meta.id && shownMessage() && !transcript.has(shownMessage()))
      renamePlace(current.meta.id);
  }

  /** From now on the older files of this conversation are left out where they are too much. @param {Answer} answer */
  #leaveOut(answer) {
    const { current, conversations } = this.#chat;
    conversations.update(current.meta, { leavesOut: true });
    this.#retry(answer);
  }

  /** @param {Answer} answer */
  #reconnect(answer) {
    const { current, runner } = this.#chat;
    current.update(answer, { phase: 'reconnecting', problem: undefined });
    runner.run(current, answer, false);
  }

  /** @param {Answer} answer */
  #retry(answer) {
    const { conversations, current, runner, settings } = this.#chat;
    if (answer.state === 'streaming' && !answer.stopping) return;
    const again = current.retry(answer, settings.settle(current));
    conversations.set(current.meta, {});
    this.#showNew();
    runner.run(current, again, true);
  }

  /** Have the reader change the question; one that is too long with the ways on. @param {Answer} answer */
  async #edit(answer) {
    const { current } = this.#chat;
    const { problem } = answer;
    const refusals =
      problem && isTooLong(problem) && (await load('app/refusals.js').catch(() => {}));
    if (refusals && refusals.takeBack(this.#chat, current, answer, problem)) return;
    if (current === this.#chat.current && !this.isLeft) this.takeBack(answer);
  }

  /** Take the question back into the composer; one that is a version, as a change of the version now shown. @param {Answer} answer */
  takeBack(answer) {
    const { current, composer } = this.#chat;
    const question = current.questionOf(answer);
    if (question?.role !== 'user') return;
    const { text, files } = question;
    if (!current.canWithdraw(answer)) return composer.edit(question.id, text, files);
    const versions = current.versions(question);
    current.withdraw(answer);
    this.#chat.arrange();
    const shown = versions.find((version) => current.shows(version));
    if (shown) composer.editAgain(shown.id, text, files);
    else composer.restore(text, files);
  }
}

/** Return whether this question is stored; undefined while the storage cannot say. @param {Store} store @param {Asked} asked */
async function holds(store, { id, place = '' }) {
  try {
    const messages = await store.messages(place);
    return messages.some((message) => message.id === id) || (store.isDown ? undefined : false);
  } catch {
    return undefined;
  }
}
