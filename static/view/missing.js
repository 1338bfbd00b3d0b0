// What stands in the log where the address names a conversation that is not in this browser, with the ways on.

import { say } from '../system/words.js';
import { find, make, write } from './dom.js';

/** @typedef {{ title?: string, bringBack?: () => void, begin: () => void }} Ways `title` and `bringBack`: of one that was deleted. */

/** @param {Ways} ways */
export function showMissing({ title, bringBack, begin }) {
  const root = make('div', { id: 'missing' });
  const heading = bringBack ? say('missing.deleted', { title: title ?? '' }) : say('missing.title');
  root.append(make('h2', { textContent: heading, dir: 'auto' }));
  root.append(make('p', { textContent: say(bringBack ? 'missing.back' : 'missing.why') }));
  if (bringBack) root.append(button('missing.bring-back', bringBack));
  root.append(button('missing.new', begin));
  find('#log').prepend(root);
  write(find('#announce'), heading);
}

/** @param {string} key @param {() => void} onclick */
function button(key, onclick) {
  return make('button', { type: 'button', textContent: say(key), onclick });
}
