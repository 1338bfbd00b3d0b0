// What the menu of a conversation's entry does.

import { load } from '../system/parts.js';

/** @import { ChatController } from './chat-controller.js' */

/** @param {ChatController} chat @param {string} act @param {string} id */
export async function actOn(chat, act, id) {
  const { conversations } = chat;
  if (act === 'export') return save(chat, id);
  conversations.toggle(id, act.endsWith('pin') ? 'pinned' : 'archived');
  chat.refresh();
}

/** @param {ChatController} chat @param {string} id */
async function save({ conversations }, id) {
  const { download } = await load('app/exporting.js');
  download('markdown', [await conversations.open(id)]);
}
