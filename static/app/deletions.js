// Deleting conversations, which can be undone: here, in the other tabs and after a reload.

import { say } from '../system/words.js';
import { shownPlace } from '../view/dom.js';
import { offer } from '../view/toast.js';

/** @import { Meta } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/** After a reload Undo is offered for what was deleted this recently. */
const OFFERED_MS = 120_000;

export class Deletions {
  #chat;
  /** What takes each offer of Undo away, by the time of the deletion. @type {Map<number, () => void>} */
  #offers = new Map();

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** @param {string[]} ids */
  delete(ids) {
    const { conversations, runner } = this.#chat;
    const there = ids.filter((id) => conversations.has(id)); // not the second half of a double click
    if (!there.length) return;
    for (const id of there) runner.stopAll(id);
    if (there.includes(shownPlace())) this.#chat.go('new'); // first: what is typed from now on is not for it
    conversations.remove(there);
    this.#chat.refresh();
    this.offer();
    void conversations.purge();
  }

  /** Bring these back, and show the first. @param {string[]} ids */
  restore(ids) {
    if (!ids.length) return;
    this.#chat.conversations.restore(ids);
    this.#chat.go(ids[0]);
    this.#chat.refresh();
    this.offer();
  }

  /** Bring back all that is not removed for good yet. */
  restoreAll() {
    this.restore(this.#chat.conversations.deleted.map(({ id }) => id));
  }

  /** Offer Undo for what was deleted lately in any tab, and no longer for what is back. */
  offer() {
    const groups = groupsOf(this.#chat.conversations.deleted);
    for (const [time, metas] of [...groups].reverse()) {
      if (this.#offers.has(time) || time < Date.now() - OFFERED_MS) continue;
      const ids = metas.map(({ id }) => id);
      const sentence =
        ids.length === 1
          ? say('toast.deleted', { title: metas[0].title })
          : say('toast.deleted-many', { count: ids.length });
      this.#offers.set(
        time,
        offer(sentence, say('toast.undo'), () => this.restore(ids)),
      );
    }
    for (const [time, withdraw] of this.#offers) if (!groups.has(time)) withdraw();
  }
}

/** Return what was deleted together, by its time. @param {Meta[]} metas */
function groupsOf(metas) {
  /** @type {Map<number, Meta[]>} */
  const groups = new Map();
  for (const meta of metas) {
    const time = Number(meta.deleted);
    groups.set(time, [...(groups.get(time) ?? []), meta]);
  }
  return groups;
}
