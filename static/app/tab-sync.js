// What other tabs write reaches this page.

import { isAnswer } from '../model/message.js';
import { shownPlace } from '../view/dom.js';

/** @import { Change, Channel } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

export class TabSync {
  #chat;

  /** @param {ChatController} chat @param {Channel} channel */
  constructor(chat, channel) {
    this.#chat = chat;
    channel.addEventListener('message', ({ data }) => Array.isArray(data) && this.#adoptAll(data));
  }

  /** @param {Change[]} changes */
  async #adoptAll(changes) {
    for (const change of changes) {
      const id = await this.#chat.conversations.adopt(change);
      if (change.table === 'conversations') this.#showConversation(change, id ?? '');
      else this.#showMessage(change);
    }
  }

  /** @param {Change} change @param {string} id */
  #showConversation({ record }, id) {
    if (!record) this.#chat.runner.stop(id);
    if (!record && shownPlace() === id) this.#chat.go('new');
    this.#chat.refresh();
  }

  /** @param {Change} change */
  #showMessage({ record, id = '' }) {
    const { current, transcript, runner } = this.#chat;
    if (!record) transcript.remove(id);
    const at = current.messages.findIndex((message) => message.id === record?.id);
    const message = current.messages[at];
    if (!message) return;
    transcript.add(message, current.messages[at + 1]);
    if (!isAnswer(message)) return;
    runner.resume(current);
    this.#chat.showChange(current, message);
  }
}
