// Where the reader is signed in: each session with its browser, its address and its times.

import { make } from './dom.js';
import { signIn } from './session.js';

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const when = (seconds) => times.format(seconds * 1000);

/** Fill the list; where the server does not tell, say so in it. @param {Element} list */
export async function show(list) {
  try {
    const response = await fetch('sessions', { cache: 'no-store' });
    if (response.status === 401) return signIn();
    const { sessions } = await response.json();
    list.replaceChildren(...sessions.map(item));
  } catch {
    list.replaceChildren(make('li', { textContent: 'The server does not tell now.' }));
  }
}

function item({ began, seen, address, browser, is_this: isThis }) {
  const entry = make('li');
  entry.append(
    make('strong', { textContent: `${browser || 'Another program'}${isThis ? ' (here)' : ''}` }),
    make('small', {
      textContent: `${address || 'no address'} · since ${when(began)} · last seen ${when(seen)}`,
    }),
  );
  return entry;
}
