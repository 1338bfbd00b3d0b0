// What the reader asks: a new question, one in place of another, the same again, and taking one back.

import { CONTINUE } from '../model/message.js';
import { renamePlace, shownPlace } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, FileRef, Message } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

export class Questions {
  #chat;

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** Ask this, in place of a question if its id is given; resolve to whether it is stored, once it is. @param {string} text @param {string} [replacedId] @param {FileRef[]} [files] */
  async send(text, replacedId = '', files = []) {
    const place = shownPlace(); // the reader may go on before it is open
    const chat = this.#chat;
    await chat.ready;
    const conversation = chat.conversations.has(place)
      ? await chat.conversations.open(place)
      : chat.current;
    if (this.#isBusy(conversation)) return false;
    const replaced = replacedId ? this.#replace(conversation, replacedId) : [];
    chat.conversations.touch(conversation, text.trim() || files.map(({ name }) => name).join(', '));
    this.#name(place, conversation);
    this.#ask(conversation, text, files, replaced);
    chat.sidebar.chosen();
    await conversation.stored;
    return true;
  }

  /** Do what the button below a message stands for. @param {string} action @param {string} id */
  act(action, id) {
    const { current, composer } = this.#chat;
    if (this.#isBusy(current)) return;
    const question = current.messages.find((message) => message.id === id);
    if (action === 'edit-question' && question?.role === 'user')
      return composer.edit(id, question.text, question.files);
    const answer = current.answer(id);
    if (!answer) return;
    if (action === 'new') this.#chat.go('new');
    else if (action === 'continue') this.send(CONTINUE);
    else if (action === 'edit') this.#edit(answer);
    else if (action === 'leave-out') this.#leaveOut(answer);
    else if (action === 'reconnect') this.#reconnect(answer);
    else this.#retry(answer);
  }

  async editLast() {
    await this.#chat.ready;
    const last = this.#chat.current.messages.findLast(({ role }) => role === 'user');
    if (last) this.act('edit-question', last.id);
  }

  /** The server rejects the question: the reader has it again. @param {Conversation} conversation @param {Answer} answer @param {string} message */
  takeBack(conversation, answer, message) {
    if (conversation !== this.#chat.current || !conversation.canWithdraw(answer)) return false;
    this.#edit(answer);
    this.#chat.composer.notice = message;
    return true;
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

  /** @param {Conversation} conversation @param {string} text @param {FileRef[]} files @param {Message[]} replaced */
  #ask(conversation, text, files, replaced) {
    const { transcript, settings, runner } = this.#chat;
    const options = settings.requestOptions(conversation.meta.system);
    const [question, answer] = conversation.ask(text, options, files);
    if (conversation === this.#chat.current) {
      for (const { id } of replaced) transcript.remove(id);
      transcript.add(question);
      transcript.add(answer);
      transcript.pin();
    }
    runner.run(conversation, answer, true);
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
    if (question?.role !== 'user') return;
    if (!current.canWithdraw(answer))
      return composer.edit(question.id, question.text, question.files);
    current.withdraw(answer);
    for (const { id } of [answer, question]) transcript.remove(id);
    composer.restore(question.text, question.files);
  }
}
