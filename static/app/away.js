// While the page is hidden, it reports the answers that this tab follows: in the title and the icon, and, if the reader
// has turned that on, by a notification, which names the conversation but never quotes it.

import { ask, listen, permission, tell, withdraw } from '../system/notifications.js';
import { now } from '../system/time.js';
import { say } from '../system/words.js';
import { find, memory } from '../view/dom.js';
import { marked, showIcon } from '../view/tab-sign.js';
import { offer } from '../view/toast.js';

/** @import { Answer, Run } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/** A reader who has to wait longer does something else meanwhile. */
const LONG_MS = 20_000;

export class Away {
  #chat;
  /** The answers that this tab follows, by their ids. @type {Map<string, Run>} */
  #followed = new Map();
  /** Those that ended unseen, the latest last. @type {Run[]} */
  #ended = [];
  /** One of them had taken long. */
  #wasLong = false;
  #isAway = false;

  /** @param {ChatController} chat @param {Run[]} followed when the page was left */
  constructor(chat, followed) {
    this.#chat = chat;
    this.#followed = byId(followed);
    listen((place) => this.#open(place));
  }

  /** Return the title to show instead of this one, now that something may have changed. @param {string} title */
  look(title) {
    const before = this.#followed;
    this.#followed = byId(this.#chat.runner.followed);
    if (document.hidden) {
      this.#isAway = true;
      for (const [id, run] of before) if (!this.#followed.has(id)) this.#hasEnded(run);
      return this.#tell(title);
    }
    if (this.#isAway) this.#return();
    return title;
  }

  /** @param {string} title */
  #tell(title) {
    const last = this.#ended.at(-1);
    const sign = last ? signOf(last.answer) : this.#followed.size ? 'writing' : '';
    showIcon(sign);
    return marked(sign, last ? `${last.conversation.meta.title} · Claude` : title);
  }

  #return() {
    this.#isAway = false;
    const isLong =
      this.#wasLong || [...this.#followed.values()].some(({ answer }) => lasts(answer));
    void withdraw(this.#ended.map(({ answer }) => answer.id));
    this.#ended = [];
    this.#wasLong = false;
    showIcon('');
    if (isLong) this.#offerToTell();
  }

  /** @param {Run} run */
  #hasEnded(run) {
    const { answer, conversation } = run;
    if (answer.stopping || answer.state === 'stopped' || !conversation.has(answer)) return;
    this.#ended.push(run);
    this.#wasLong ||= lasts(answer);
    if (permission() !== 'granted' || memory.get('notify') !== 'on') return;
    const { id, title } = conversation.meta;
    const said = say(signOf(answer) === 'done' ? 'away.done' : 'away.failed');
    const icon = new URL('../images/icon-192.png', import.meta.url).href;
    void tell({ title: said, body: title, tag: answer.id, icon, place: id }, (place) =>
      this.#open(place),
    );
  }

  /** Offered once; it stays in the settings. */
  #offerToTell() {
    if (memory.get('notify') || permission() !== 'default') return;
    memory.set('notify', 'offered');
    offer(say('away.offer'), say('away.tell-me'), () => void askForNotifications());
  }

  /** @param {string} place */
  #open(place) {
    focus();
    if (this.#chat.conversations.has(place)) this.#chat.go(place);
  }
}

/** Show in the settings whether answers are told of, and keep what is chosen there. */
export function showChoice() {
  const choice = find('#notify');
  const show = () => {
    choice.checked = permission() === 'granted' && memory.get('notify') === 'on';
    choice.disabled = permission() === 'denied';
    choice.parentElement.hidden = permission() === 'absent';
  };
  choice.onchange = async () => {
    if (choice.checked) await askForNotifications();
    else memory.set('notify', 'off');
    show();
  };
  show();
}

/** The browser asks the reader, and does not ask again after a refusal. */
async function askForNotifications() {
  const said = permission() === 'default' ? await ask() : permission();
  memory.set('notify', said === 'granted' ? 'on' : 'off');
  if (said === 'denied') offer(say('away.denied'));
}

/** @param {Run[]} runs */
const byId = (runs) => new Map(runs.map((run) => [run.answer.id, run]));

/** @param {Answer} answer */
const signOf = ({ state }) => (state === 'done' ? 'done' : 'failed');

/** @param {Answer} answer */
const lasts = ({ began, at }) => Math.abs(now() - (began ?? at)) >= LONG_MS;
