// What a key or a button asks for, by its name.

import { copy, find } from '../view/dom.js';
import { signOut } from '../view/session.js';
import { offer } from '../view/toast.js';

/** @import { Desk } from './chat-controller.js' */

/** @param {Desk} desk @param {HTMLElement} [button] */
export function obey(desk, name, button) {
  const { here, sidebar, composer, settings } = desk;
  const last = here.answers.at(-1);
  switch (name) {
    case 'new':
      return desk.go('new');
    case 'menu':
      return sidebar.toggle();
    case 'search':
      return sidebar.search();
    case 'write':
      return composer.focus();
    case 'stop':
      return desk.stop();
    case 'example':
      return desk.send(button?.textContent);
    case 'previous':
      return goTo(desk, sidebar.neighbour(-1));
    case 'next':
      return goTo(desk, sidebar.neighbour(1));
    case 'copy':
      return last && copyLast(last.text);
    case 'again':
      return last && desk.act('again', last.id);
    case 'sign-out':
      return signOut();
    case 'sign-out-everywhere':
      return signOut(true);
    case 'help':
      return find('#help').showModal();
    case 'settings':
      settings.system = here.meta.system ?? '';
      void listSessions();
      return find('#settings').showModal();
    default:
      return withFiles(desk, name);
  }
}

function goTo(desk, id) {
  if (id) desk.go(id);
}

async function copyLast(text) {
  offer((await copy(text)) ? 'The last answer is copied.' : 'It could not be copied.');
}

/** Whatever else there is: import and export. @param {Desk} desk */
async function withFiles(desk, name) {
  const { exportAs, take } = await import('./import-export.js');
  if (name === 'import') take((conversations) => bring(desk, conversations));
  else if (name === 'export-all') exportAs('json', await desk.library.everything());
  else if (name.startsWith('export-')) exportAs(name.slice(7), [desk.here]);
}

/** Only who has signed in has sessions to see, and only when the settings are open. */
async function listSessions() {
  const list = document.querySelector('#sessions');
  if (list) await (await import('../view/session-list.js')).show(list);
}

function bring(desk, conversations) {
  for (const { meta, messages } of conversations) desk.library.add(meta, messages);
  find('#settings').close();
  desk.go(conversations[0].meta.id);
}
