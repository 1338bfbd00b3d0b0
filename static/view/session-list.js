// Where the reader is signed in: each session with its browser, its address and its times.

import { make } from './dom.js';
import { signIn } from './session.js';

/** A server that has not answered by then is not going to. */
const TIMEOUT_MS = 10_000;
const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
/** @param {number} seconds */
const when = (seconds) => times.format(seconds * 1000);

/** Fill the list; say so in it if the server does not answer. @param {Element} list */
export async function showSessions(list) {
  try {
    const response = await fetch('sessions', {
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401) return signIn();
    const { sessions } = await response.json();
    list.replaceChildren(...sessions.map(itemFor));
  } catch {
    list.replaceChildren(make('li', { textContent: 'The list cannot be loaded now.' }));
  }
}

/** @param {import('../types.js').Session} session */
function itemFor({ began, seen, address, browser, is_this: isThis }) {
  const entry = make('li');
  entry.append(
    make('strong', { textContent: `${browser || 'Another program'}${isThis ? ' (here)' : ''}` }),
    make('small', {
      textContent: `${address || 'no address'} · since ${when(began)} · last seen ${when(seen)}`,
    }),
  );
  return entry;
}
