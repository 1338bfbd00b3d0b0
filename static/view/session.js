// When the session is over, by time or by the reader: to the page for signing in, and back.
// Conversations and drafts stay in this browser, unless the reader has them deleted at signing out.

import { say } from '../system/words.js';
import { find, write } from './dom.js';

/** Set in sessionStorage, it has the sign-in page delete the conversations: no open page stores any then. */
export const FORGET = 'claude-sse:forget';

/** A server that has not answered by then is not going to. */
const TIMEOUT_MS = 10_000;

/** Go to the sign-in page; it comes back to this conversation. */
export function signIn() {
  location.replace(`login${location.hash}`);
}

/** End the session, or all sessions of the reader; delete the conversations if the reader wants that. */
export async function signOut(everywhere = false) {
  const headers = { 'Content-Type': 'application/json' };
  const ending = everywhere
    ? fetch('sessions', { method: 'DELETE', signal: AbortSignal.timeout(TIMEOUT_MS) })
    : fetch('logout', {
        method: 'POST',
        headers,
        body: '{}',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
  const response = await ending.catch(() => null);
  if (!response?.ok && response?.status !== 401) {
    return write(find('#signed-in .hint'), say('session.still-here'));
  }
  await import('../system/kept-page.js').then(({ forgetPage }) => forgetPage()).catch(() => {});
  const forget = find('#forget').checked;
  try {
    if (forget) sessionStorage.setItem(FORGET, 'yes');
  } catch {
    // forbidden: then nothing is stored, either
  }
  location.replace(forget ? 'login' : `login${location.hash}`);
}
