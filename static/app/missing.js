// What stands in the log where the address names a conversation that is not in this browser, with the ways on.

import { say } from '../system/words.js';
import { find, make, shownPlace, write } from '../view/dom.js';

/** @import { ChatController } from './chat-controller.js' */

/** @param {ChatController} chat @param {string} id */
export function tellMissing(chat, id) {
  if (shownPlace() !== id) return; // the reader has gone on meanwhile
  const deleted = chat.conversations.deleted.find((meta) => meta.id === id);
  const heading = deleted ? say('missing.deleted', { title: deleted.title }) : say('missing.title');
  const root = make('div', { id: 'missing' });
  root.append(make('h2', { textContent: heading, dir: 'auto' }));
  root.append(make('p', { textContent: say(deleted ? 'missing.back' : 'missing.why') }));
  if (deleted) root.append(button('missing.bring-back', () => chat.deletions.restore([id])));
  root.append(button('missing.new', () => chat.go('new')));
  find('#empty').prepend(root);
  write(find('#announce'), heading);
}

/** @param {string} key @param {() => void} onclick */
function button(key, onclick) {
  return make('button', { type: 'button', textContent: say(key), onclick });
}
