// The line above the field while the server does not answer, though the browser knows of a network; it goes by itself.

import { say } from '../system/words.js';
import { find, write } from './dom.js';

/** @import { Answer } from '../types.js' */

/** A shorter loss is not worth a line: the status of the answer says it already. */
const CALM_MS = 3_000;

/** The ids of the answers whose server does not answer. @type {Set<string>} */
const lost = new Set();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** What an answer goes through shows whether the server can be reached, which the browser does not know. @param {Answer} answer */
export function hear({ id, state, phase, stopping }) {
  const isLost = state === 'streaming' && !stopping && phase === 'reconnecting';
  if (isLost === lost.has(id)) return;
  if (isLost) lost.add(id);
  else lost.delete(id);
  clearTimeout(timer);
  timer = setTimeout(tell, isLost ? CALM_MS : 0);
}

addEventListener('online', tell);

function tell() {
  if (navigator.onLine) write(find('#offline'), lost.size ? say('offline.unreachable') : '');
}
