// What the menu of a conversation's entry does.

/** @import { ChatController } from './chat-controller.js' */

/** @param {ChatController} chat @param {string} act @param {string} id */
export async function actOn(chat, act, id) {
  const { conversations, deletions } = chat;
  if (act === 'delete') return deletions.delete([id]);
  if (act === 'export') return save(chat, id);
  conversations.toggle(id, act.endsWith('pin') ? 'pinned' : 'archived');
  chat.refresh();
}

/** @param {ChatController} chat @param {string} id */
async function save({ conversations }, id) {
  const { download } = await import('./import-export.js');
  download('markdown', [await conversations.open(id)]);
}
