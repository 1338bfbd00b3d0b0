// Signs in: with what is typed, or with the token after the # of the link that the server printed.

import { forgetPage } from './system/kept-page.js';
import { say, sentenceOf } from './system/words.js';
import { find, write } from './view/dom.js';
import { FORGET } from './view/session.js';

const form = find('#sign-in');
const button = find('#enter');
const problem = find('#problem');
/** The conversation that was open when the session ended; a token does not begin like that. */
const place = location.hash.startsWith('#/') ? location.hash : '';

form.addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  void enter(Object.fromEntries(new FormData(form)));
});
void forgetPage();
if (shouldForget()) forget();
if (location.hash && !place && form.elements.namedItem('token')) {
  const token = location.hash.slice(1);
  history.replaceState(null, '', location.pathname); // it must not be stored, shown or shared
  void enter({ token });
}

/** @param {Record<string, FormDataEntryValue>} fields */
async function enter(fields) {
  if (button.ariaDisabled === 'true') return;
  button.ariaDisabled = 'true';
  write(problem, '');
  const refusal = await send(fields);
  if (refusal === null) return location.replace(`.${place}`);
  button.ariaDisabled = 'false';
  write(problem, refusal);
  const last = find('#sign-in input[type=password]');
  last.select();
  last.focus();
}

/** Return why the server refused, or null. @param {Record<string, FormDataEntryValue>} fields @returns {Promise<string | null>} */
async function send(fields) {
  try {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch('login', {
      method: 'POST',
      headers,
      body: JSON.stringify(fields),
      cache: 'no-store',
    });
    if (response.ok) return null;
    const { error, code, retry_after: seconds } = await response.json();
    return sentenceOf(error, code, seconds);
  } catch {
    return say('page.unreachable');
  }
}

/** Storage that is forbidden holds nothing to forget. */
function shouldForget() {
  try {
    return sessionStorage.getItem(FORGET) !== null;
  } catch {
    return false;
  }
}

/** Delete what the chat page stores; the reader asked for that when signing out. */
function forget() {
  try {
    for (const name of ['claude-sse', 'claude-sse-files']) indexedDB.deleteDatabase(name);
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith('claude-sse:') && key !== 'claude-sse:theme') localStorage.removeItem(key);
    }
  } catch {
    // forbidden: nothing is stored there
  }
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith('claude-sse:')) sessionStorage.removeItem(key);
  }
}
