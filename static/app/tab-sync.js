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
      if (change.table === 'conversations') this.#showConversation(id ?? '');
      else this.#showMessage(change);
    }
  }

  /** @param {string} id */
  #showConversation(id) {
    const { conversations, current, runner } = this.#chat;
    const isDeleted = !conversations.has(id);
    this.#chat.deletions.offer();
    if (isDeleted) runner.stopAll(id);
    if (isDeleted && shownPlace() === id) this.#chat.go('new');
    if (current.meta.id === id && !isDeleted) this.#chat.arrange();
    else this.#chat.refresh();
  }

  /** @param {Change} change */
  #showMessage({ record, id = '' }) {
    const { current, transcript, runner } = this.#chat;
    const message = record && current.message(record.id);
    if (!message) return transcript.has(id) && this.#chat.arrange();
    if (!transcript.has(message.id)) this.#chat.arrange();
    if (!isAnswer(message)) return;
    runner.resume(current);
    this.#chat.showChange(current, message);
  }
}
