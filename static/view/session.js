// When the session is over, by the clock or by the reader: on to the page to sign in on, and back.
// Conversations and drafts stay in this browser, unless the reader has them deleted at signing out.

import { find, say } from './dom.js';

/** What the page to sign in on is to delete: it can, since nobody writes there any more. */
export const FORGET = 'claude-sse:forget';

/** Go and sign in; afterwards this conversation is here again. */
export function signIn() {
  location.replace(`login${location.hash}`);
}

/** End the session, or all that the reader has; have the rest deleted where the reader wants that. */
export async function signOut(everywhere = false) {
  const headers = { 'Content-Type': 'application/json' };
  const ending = everywhere
    ? fetch('sessions', { method: 'DELETE' })
    : fetch('logout', { method: 'POST', headers, body: '{}' });
  const response = await ending.catch(() => null);
  if (!response?.ok && response?.status !== 401) {
    return say(
      find('#signed-in .hint'),
      'The server cannot be reached, so you are still signed in: try again.',
    );
  }
  const forget = find('#forget').checked;
  if (forget) sessionStorage.setItem(FORGET, 'yes');
  location.replace(forget ? 'login' : `login${location.hash}`);
}
