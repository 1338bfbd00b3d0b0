// Where the reader is signed in: each session with its browser, its address and its times.

import { locale, say } from '../system/words.js';
import { make } from './dom.js';
import { signIn } from './session.js';

/** A server that has not answered by then is not going to. */
const TIMEOUT_MS = 10_000;
/** @param {number} seconds */
const when = (seconds) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(
    seconds * 1000,
  );

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
    list.replaceChildren(make('li', { textContent: say('session.none') }));
  }
}

/** @param {import('../types.js').Session} session */
function itemFor({ began, seen, address, browser, is_this: isThis }) {
  const entry = make('li');
  const name = browser || say('session.program');
  entry.append(
    make('strong', { textContent: isThis ? say('session.here', { browser: name }) : name }),
    make('small', {
      textContent: say('session.facts', {
        address: address || say('session.no-address'),
        began: when(began),
        seen: when(seen),
      }),
    }),
  );
  return entry;
}
