// What a key or a button asks for, by its name.

import { say } from '../system/words.js';
import { find, memory, write } from '../view/dom.js';
import { load } from '../system/parts.js';
import { signOut } from '../view/session.js';
import { offer } from '../view/toast.js';

/** @import { ConversationData } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */
/** @typedef {(chat: ChatController, button?: HTMLElement) => unknown} Command */

/** @type {Map<string, Command>} */
const COMMANDS = new Map(
  Object.entries({
    new: (chat) => chat.go('new'),
    menu: ({ sidebar }) => sidebar.toggle(),
    search: ({ sidebar }) => sidebar.search(),
    stop: (chat) => chat.stop(),
    example: ({ questions }, button) => questions.send({ text: button?.textContent ?? '' }),
    copy: copyLast,
    help: showShortcuts,
    'hide-first-run': hideFirstRun,
    settings: openSettings,
    print: async ({ transcript }) => (await transcript.printing).print(),
    import: importFile,
    'delete-all': deleteAll,
    'bring-back': bringBack,
    'export-markdown': (chat) => exportCurrent('markdown', chat),
    'export-json': (chat) => exportCurrent('json', chat),
    'export-all': exportAll,
    'sign-out': () => signOut(),
    'sign-out-everywhere': () => signOut(true),
  }),
);

/** @param {ChatController} chat @param {string} name @param {HTMLElement} [button] the one that was pressed */
export function runCommand(chat, name, button) {
  void COMMANDS.get(name)?.(chat, button);
}

/** @param {ChatController} chat */
async function copyLast({ current, transcript }) {
  const last = current.answers.at(-1);
  if (!last) return offer(say('shortcuts.none'));
  const copied = await transcript.copyMessage(last.id);
  offer(say(copied ? 'toast.copied' : 'toast.not-copied'));
}

async function showShortcuts() {
  const sheet = await load('view/shortcut-sheet.js').catch(() => undefined);
  if (sheet) sheet.showShortcuts();
  else offer(say('shortcuts.failed'));
}

/** A reader who has read the first steps does not see them again. @param {ChatController} chat */
function hideFirstRun({ composer }) {
  memory.set('first-run', 'hidden');
  document.documentElement.dataset.firstRun = 'hidden';
  composer.focus();
}

/** @param {ChatController} chat */
function openSettings(chat) {
  const { settings, conversations } = chat;
  const { length } = conversations.deleted;
  find('[data-command=bring-back]').hidden = !length;
  write(find('[data-command=bring-back] span'), say('settings.bring-back', { count: length }));
  find('[data-command=delete-all]').ariaDisabled = String(!conversations.metas.length);
  settings.refresh();
  find('#settings').showModal();
  void load('app/away.js')
    .then(({ showChoice }) => showChoice())
    .catch(() => {});
  void tellRoom();
  load('app/importing.js').then(
    ({ takeDrops }) => takeDrops(chat),
    () => undefined,
  );
  return listSessions();
}

/** Shown only to a reader who has attached files. */
async function tellRoom() {
  if (!memory.get('files')) return;
  const { roomOfFiles } = await load('app/kept-files.js');
  find('#room').textContent = await roomOfFiles();
}

/** Only a signed-in reader has sessions, and the settings alone show them. */
async function listSessions() {
  const list = document.querySelector('#sessions');
  if (!list) return;
  const { showSessions } = await load('view/session-list.js');
  await showSessions(list);
}

/** @param {'markdown' | 'json'} format @param {ConversationData[]} conversations */
async function exportAs(format, conversations) {
  const { download } = await load('app/exporting.js');
  download(format, conversations);
}

/** @param {'markdown' | 'json'} format @param {ChatController} chat */
async function exportCurrent(format, chat) {
  await chat.ready; // until then another one is on the page
  await exportAs(format, [chat.current]);
}

/** @param {ChatController} chat */
async function exportAll({ conversations, ready }) {
  await ready;
  const all = await conversations.everything();
  await exportAs('json', all);
  const missing = conversations.metas.length - all.length;
  if (missing) offer(say('toast.not-exported', { count: missing }));
}

/** @param {ChatController} chat */
async function deleteAll({ conversations, deletions, ready }) {
  find('#settings').close(); // the offer to undo would lie below it
  await ready;
  if (!conversations.metas.length) return offer(say('settings.delete-none'));
  deletions.delete(conversations.metas.map(({ id }) => id));
}

/** @param {ChatController} chat */
function bringBack({ deletions }) {
  find('#settings').close();
  deletions.restoreAll();
}

/** @param {ChatController} chat */
async function importFile(chat) {
  const { chooseFile } = await load('app/importing.js');
  chooseFile(chat);
}
