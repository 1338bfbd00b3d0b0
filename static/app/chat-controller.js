// What the reader does reaches the conversation on the page, and what happens there reaches the page.

import { growingText } from '../markdown/growing-text.js';
import { Conversations } from '../model/conversations.js';
import { Drafts, isEmpty } from '../model/drafts.js';
import { stateOf, totalOf } from '../model/status-text.js';
import { browserStorage, sharedStore } from '../model/store.js';
import { ConnectionSlots } from '../network/connection-slots.js';
import { Locks } from '../system/locks.js';
import { load } from '../system/parts.js';
import { say } from '../system/words.js';
import { Composer } from '../view/composer.js';
import { find, memory, renamePlace, write, shownPlace } from '../view/dom.js';
import { signIn } from '../view/session.js';
import { Settings } from '../view/settings.js';
import { Sidebar } from '../view/sidebar.js';
import { Transcript } from '../view/transcript.js';
import { stayAwake } from '../view/wake-lock.js';
import { AnswerRunner } from './answer-runner.js';
import { Deletions } from './deletions.js';
import { Formatting } from './formatting.js';
import { OnDemand } from './on-demand.js';
import { Questions } from './questions.js';
import { TabSync } from './tab-sync.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Tabs } from '../model/tabs.js' */
/** @import { Answer, Channel, Store } from '../types.js' */
/** @typedef {{ store: Store, channel: Channel, tabs: Tabs, wake: EventTarget }} Options */

const TITLE = document.title;

export class ChatController {
  conversations;
  drafts;
  deletions;
  onDemand;
  questions;
  formatting;
  runner;
  transcript;
  composer;
  settings;
  sidebar;
  /** The conversation on the page. @type {Conversation} */
  current;
  /** The one that the reader has chosen, while it opens. @type {Conversation | undefined} */
  coming;
  /** Resolves once that is open. */
  ready;
  #opening = 0;

  /** @param {Options} options */
  constructor({ store, channel, tabs, wake }) {
    this.conversations = new Conversations(sharedStore(store, channel));
    this.current = this.conversations.create();
    const own = browserStorage(() => sessionStorage);
    this.drafts = new Drafts(own, browserStorage(), tabs);
    this.deletions = new Deletions(this);
    this.onDemand = new OnDemand(this);
    this.questions = new Questions(this);
    this.composer = this.#composer();
    this.transcript = new Transcript(growingText, (action, id) => this.questions.act(action, id));
    this.formatting = new Formatting(wake, (library) => this.transcript.format(library));
    this.settings = new Settings({
      onChange: (meta, own) => this.conversations.set(meta, own),
      isNew: ({ id }) => !this.conversations.keeps(id),
    });
    this.sidebar = this.#sidebar();
    this.runner = this.#runner(channel, wake);
    new TabSync(this, channel);
    this.formatting.needWhenTouched(find('main'));
    // hashchange comes a task later: words typed meanwhile would belong to the conversation before
    addEventListener('popstate', () => (this.ready = this.#open()));
    this.ready = this.#openLatest();
  }

  /** Show what is stored, and go on with every answer that has not ended. @param {Store} store */
  async start(store) {
    this.settings.load(document.body.dataset.models ?? '', () => this.onDemand.listed(store));
    await this.ready;
    await this.questions.recover(store);
    await this.#resumeAll(store);
    document.body.dataset.ready = '';
    this.onDemand.sweep(store);
    this.deletions.offer();
    await this.conversations.purge();
  }

  /** There is more to be read than before: show what is stored, and go on with it. @param {Store} store */
  async showStored(store) {
    await this.conversations.load();
    const place = shownPlace();
    if (this.conversations.has(place) && this.current.meta.id !== place) this.ready = this.#open();
    await this.ready;
    this.arrange();
    this.onDemand.finding?.read();
    await this.questions.recover(store);
    await this.#resumeAll(store);
  }

  /** @param {Store} store */
  async #resumeAll(store) {
    for (const { conversation } of await store.open()) {
      const opened = this.conversations.keeps(conversation) && (await this.#stored(conversation));
      if (opened) this.runner.resume(opened);
    }
  }

  /** The page may be about to go: store everything that has changed. */
  save() {
    this.onDemand.keepPlace();
    this.conversations.flush();
    this.drafts.flush();
  }

  stop() {
    this.runner.stop(shownPlace()); // the conversation that is opening counts, not the one before
  }

  /** Go to a conversation by its id, or to a `new` one. @param {string} place */
  go(place) {
    if (shownPlace() === place) this.ready = this.#open();
    else location.hash = `#/${place}`;
  }

  /** Show the path that is now the shown one. */
  arrange() {
    const { current } = this;
    if (current.messages.length) this.formatting.need();
    this.transcript.show(current.messages, (message) => current.versions(message));
    this.settings.show(this.coming ?? current);
    this.refresh();
  }

  /** Show what stands around the conversation. */
  refresh() {
    const { meta, allAnswers } = this.current;
    const { busy } = this.runner;
    this.composer.streaming = this.runner.isAnswering(meta.id);
    this.sidebar.show(this.conversations.metas, meta.id, busy);
    write(find('h1'), meta.title || TITLE);
    const title = meta.title ? `${meta.title} · Claude` : TITLE;
    document.title = this.onDemand.away?.look(title) ?? title;
    write(find('#total'), totalOf(allAnswers));
    const talk = this.conversations.metas.length ? 'on' : ''; // early.js asks whether one will be shown
    if (memory.get('talk') !== talk) memory.set('talk', talk);
    stayAwake(busy.size > 0);
    this.onDemand.measure();
  }

  /** An answer has changed: show it if it is on the page. @param {Conversation} conversation @param {Answer} answer */
  showChange(conversation, answer) {
    void load('view/unreachable.js').then((line) => line.hear(answer), Boolean); // its status says it, too
    if (conversation !== this.current) return;
    this.transcript.update(answer);
    write(find('#announce'), `Claude: ${stateOf(answer)}`);
    if (answer.state === 'streaming') return;
    write(find('#total'), totalOf(conversation.allAnswers));
    this.onDemand.measure();
  }

  #composer() {
    return new Composer(this.drafts, {
      send: (asked) => this.questions.send(asked),
      stop: () => this.stop(),
      up: () => this.questions.editLast(),
      edit: (id) => this.transcript.mark(id),
    });
  }

  #sidebar() {
    return new Sidebar({
      rename: (id, title) => {
        this.conversations.rename(id, title);
        this.refresh();
      },
      act: (act, id) => this.onDemand.act(act, id),
      search: (words) => this.onDemand.find(words),
      prepare: () => this.onDemand.loadFinding(),
      step: (step) => this.onDemand.finding?.step(step),
      reveal: (message) => this.onDemand.show(message),
      chosen: () => this.sidebar.chosen(),
    });
  }

  /** @param {Channel} channel @param {EventTarget} wake */
  #runner(channel, wake) {
    const locks = new Locks(channel);
    return new AnswerRunner({
      streams: document.body.dataset.streams ?? '',
      wake,
      locks,
      slots: new ConnectionSlots(channel, undefined, locks),
      isSeen: (conversation, answer) =>
        conversation === this.current && !document.hidden && conversation.shows(answer),
      onChange: (conversation, answer) => {
        this.showChange(conversation, answer);
        if (answer.state === 'done') void this.onDemand.entitle(conversation, answer);
      },
      onRuns: () => this.refresh(),
      onSignedOut: signIn,
      onRejected: async (...rejected) => {
        const refusals = await load('app/refusals.js').catch(() => undefined); // few need it
        return refusals?.takeBack(this, ...rejected) ?? false;
      },
    });
  }

  async #openLatest() {
    await this.conversations.load();
    const latest = this.conversations.metas.find(({ archived }) => !archived)?.id;
    if (!location.hash && latest && isEmpty(this.drafts.of(''))) renamePlace(latest);
    await this.#open();
  }

  /** Show the conversation that the address names. */
  async #open() {
    const id = shownPlace();
    const turn = ++this.#opening;
    const isKnown = this.conversations.has(id);
    if (isKnown) this.formatting.need();
    this.composer.conversation = isKnown ? id : '';
    this.composer.streaming = this.runner.isAnswering(id);
    this.coming = isKnown ? this.conversations.at(id) : undefined;
    if (this.coming) this.settings.belongTo(this.coming);
    const opened = (isKnown && (await this.#stored(id))) || this.conversations.create();
    if (opened.messages.length) await this.onDemand.loadPlaces();
    if (turn !== this.#opening) return; // another one was chosen meanwhile
    this.onDemand.keepPlace();
    [this.current, this.coming] = [opened, undefined];
    this.arrange();
    document.querySelector('#missing')?.remove();
    if (!isKnown && id && id !== 'new') this.onDemand.tellMissing(id);
    this.onDemand.goToPlace();
    this.runner.resume(opened);
    this.refresh();
    this.sidebar.chosen();
    if (matchMedia('(pointer: fine)').matches) this.composer.focus();
  }

  /** Return this conversation; undefined while the storage does not answer. @param {string} id */
  #stored(id) {
    return this.conversations.open(id).catch(() => {
      this.composer.notice = say('storage.unreadable');
      return undefined;
    });
  }
}
