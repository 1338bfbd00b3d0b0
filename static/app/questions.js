// What the reader asks: a new question, one in place of another, the same again, and taking one back.

import { CONTINUE } from '../model/message.js';
import { renamePlace, shownPlace } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Message } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

export class Questions {
  #chat;

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /**
   * Ask this, in place of a question if its id is given; resolve to whether it is stored, once it is.
   *
   * @param {string} text
   * @param {number} [from] `n` of the first message that is sent
   */
  async send(text, replacedId = '', from) {
    const place = shownPlace(); // the reader may go on before it is open
    const chat = this.#chat;
    await Promise.all([chat.ready, chat.settings.loaded]);
    const conversation = chat.conversations.has(place)
      ? await chat.conversations.open(place).catch(() => chat.current)
      : chat.current;
    if (this.#isBusy(conversation)) return false;
    const replaced = replacedId ? this.#replace(conversation, replacedId) : [];
    chat.conversations.touch(conversation, text);
    this.#name(place, conversation);
    this.#ask(conversation, text, replaced, from);
    chat.sidebar.chosen();
    await conversation.stored;
    return true;
  }

  /** Do what the button below a message stands for. @param {string} action @param {string} id */
  act(action, id) {
    const { current, composer } = this.#chat;
    if (this.#isBusy(current)) return;
    if (action === 'edit-question')
      return composer.edit(id, current.messages.find((message) => message.id === id)?.text ?? '');
    const answer = current.answer(id);
    if (!answer) return;
    if (action === 'new') this.#chat.go('new');
    else if (action === 'continue') this.send(CONTINUE);
    else if (action === 'edit') this.#edit(answer);
    else if (action === 'reconnect') this.#reconnect(answer);
    else this.#retry(answer);
  }

  async editLast() {
    await this.#chat.ready;
    const last = this.#chat.current.messages.findLast(({ role }) => role === 'user');
    if (last) this.act('edit-question', last.id);
  }

  /** @param {Conversation} conversation */
  #isBusy(conversation) {
    return this.#chat.runner.busy.has(conversation.meta.id);
  }

  /** Remove a question and what follows it; return that. @param {Conversation} conversation @param {string} id */
  #replace(conversation, id) {
    const removed = conversation.cut(id);
    const undo = () => this.#restore(conversation, removed);
    if (removed.length) offer('The question was replaced.', 'Undo', undo);
    return removed;
  }

  /** @param {Conversation} conversation @param {Message[]} removed */
  #restore(conversation, removed) {
    const { runner, transcript } = this.#chat;
    runner.stop(conversation.meta.id);
    conversation.restore(removed);
    if (conversation === this.#chat.current) transcript.show(conversation.messages);
    this.#chat.refresh();
  }

  /** If the conversation is new, the address names it from now on. @param {string} place @param {Conversation} conversation */
  #name(place, { meta }) {
    if (place === meta.id || place !== shownPlace()) return;
    renamePlace(meta.id);
    this.#chat.composer.assignId(meta.id);
  }

  /** @param {Conversation} conversation @param {string} text @param {Message[]} replaced @param {number} [from] */
  #ask(conversation, text, replaced, from) {
    const { transcript, settings, runner } = this.#chat;
    const options = settings.requestOptions(conversation.meta.system);
    const [question, answer] = conversation.ask(text, options, from);
    if (conversation === this.#chat.current) {
      for (const { id } of replaced) transcript.remove(id);
      transcript.add(question);
      transcript.add(answer);
      transcript.pin();
    }
    runner.run(conversation, answer, true);
  }

  /** @param {Answer} answer */
  #reconnect(answer) {
    const { current, runner } = this.#chat;
    current.update(answer, { phase: 'reconnecting', problem: undefined });
    runner.run(current, answer, false);
  }

  /** @param {Answer} answer */
  #retry(answer) {
    const { current, runner, settings, transcript } = this.#chat;
    const again = current.retry(answer, settings.requestOptions(current.meta.system));
    if (again !== answer) {
      if (current.answer(answer.id)) transcript.update(answer);
      else transcript.remove(answer.id);
      transcript.add(again);
    }
    transcript.pin();
    runner.run(current, again, true);
  }

  /** Take the question back into the composer. @param {Answer} answer */
  #edit(answer) {
    const { current, composer, transcript } = this.#chat;
    const question = current.questionOf(answer);
    if (!question) return;
    if (!current.canWithdraw(answer)) return composer.edit(question.id, question.text);
    current.withdraw(answer);
    for (const { id } of [answer, question]) transcript.remove(id);
    composer.restore(question.text);
  }
}
