// What the reader does reaches the conversation on the page, and what happens there reaches the page.

import { Conversations } from '../model/conversations.js';
import { Drafts } from '../model/drafts.js';
import { stateOf, totalOf } from '../model/status-text.js';
import { browserStorage, sharedStore } from '../model/store.js';
import { ConnectionSlots } from '../network/connection-slots.js';
import { Channel as Tabs } from '../system/channel.js';
import { Locks } from '../system/locks.js';
import { Composer } from '../view/composer.js';
import { find, memory, renamePlace, write, shownPlace } from '../view/dom.js';
import { signIn } from '../view/session.js';
import { Settings } from '../view/settings.js';
import { Sidebar } from '../view/sidebar.js';
import { Transcript } from '../view/transcript.js';
import { stayAwake } from '../view/wake-lock.js';
import { AnswerRunner } from './answer-runner.js';
import { Deletions } from './deletions.js';
import { OnDemand } from './on-demand.js';
import { Questions } from './questions.js';
import { TabSync } from './tab-sync.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer, Channel, GrowingText, MarkdownLibrary, Store } from '../types.js' */
/** @typedef {{ store: Store, channel: Channel, wake: EventTarget, growingText: GrowingText }} Options */

const TITLE = document.title;
/** Files that nothing refers to are removed when the page has long been started. */
const SWEEP_AFTER_MS = 20_000;
const SWEEP_EVERY_MS = 3_600_000;
const UNREADABLE =
  'This conversation cannot be read from the storage now. What you ask begins a new one.';

export class ChatController {
  conversations;
  drafts;
  deletions;
  onDemand;
  questions;
  runner;
  transcript;
  composer;
  settings;
  sidebar;
  /** The conversation on the page. @type {Conversation} */
  current;
  /** Resolves once that is open. */
  ready;
  #opening = 0;

  /** @param {Options} options */
  constructor({ store, channel, wake, growingText }) {
    this.conversations = new Conversations(sharedStore(store, channel));
    this.current = this.conversations.create();
    const own = browserStorage(() => sessionStorage);
    this.drafts = new Drafts(own, browserStorage(), new Tabs('claude-sse:tabs'));
    this.deletions = new Deletions(this);
    this.onDemand = new OnDemand(this);
    this.questions = new Questions(this);
    this.composer = this.#composer();
    this.transcript = new Transcript(growingText, (action, id) => this.questions.act(action, id));
    this.settings = new Settings((system) => this.#setInstructions(system));
    this.sidebar = this.#sidebar();
    this.runner = this.#runner(channel, wake);
    new TabSync(this, channel);
    // hashchange comes a task later: words typed meanwhile would belong to the conversation before
    addEventListener('popstate', () => (this.ready = this.#open()));
    this.ready = this.#openLatest();
  }

  /** Show what is stored, and go on with every answer that has not ended. @param {Store} store */
  async start(store) {
    this.settings.load(document.body.dataset.models ?? '');
    await this.ready;
    for (const { conversation } of await store.open()) {
      const opened = this.conversations.keeps(conversation) && (await this.#stored(conversation));
      if (opened) this.runner.resume(opened);
    }
    document.body.dataset.ready = '';
    if (memory.get('files')) setTimeout(() => this.#sweep(store), SWEEP_AFTER_MS);
    this.deletions.offer();
    await this.conversations.purge();
  }

  /** Remove the files that nothing refers to; again after an hour. @param {Store} store */
  async #sweep(store) {
    const { sweepFiles } = await import('./kept-files.js');
    await sweepFiles(async () => store.all('messages')).catch(() => {}); // the next time
    setTimeout(() => this.#sweep(store), SWEEP_EVERY_MS);
  }

  /** The storage works again: show what is in it, and go on with it. */
  async showStored() {
    await this.conversations.load();
    const place = shownPlace();
    if (this.conversations.has(place) && this.current.meta.id !== place) this.ready = this.#open();
    await this.ready;
    this.arrange();
    this.runner.resume(this.current);
  }

  /** Answers are Markdown from now on. @param {MarkdownLibrary} library */
  format(library) {
    this.transcript.format(library);
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
    if (current.messages.length) void this.onDemand.loadPlaces();
    this.transcript.show(current.messages, (message) => current.versions(message));
    this.refresh();
  }

  /** Show what stands around the conversation. */
  refresh() {
    const { meta, allAnswers } = this.current;
    const { busy } = this.runner;
    this.composer.streaming = this.runner.isAnswering(meta.id);
    this.sidebar.show(this.conversations.metas, meta.id, busy);
    write(find('h1'), meta.title || TITLE);
    document.title = meta.title ? `${meta.title} · Claude` : TITLE;
    write(find('#total'), totalOf(allAnswers));
    stayAwake(busy.size > 0);
  }

  /** An answer has changed: show it if it is on the page. @param {Conversation} conversation @param {Answer} answer */
  showChange(conversation, answer) {
    if (conversation !== this.current) return;
    this.transcript.update(answer);
    write(find('#announce'), `Claude: ${stateOf(answer)}`);
    if (answer.state !== 'streaming') write(find('#total'), totalOf(conversation.allAnswers));
  }

  #composer() {
    return new Composer(this.drafts, {
      send: (...asked) => this.questions.send(...asked),
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
        const refusals = await import('./refusals.js').catch(() => undefined); // few need it
        return refusals?.takeBack(this, ...rejected) ?? false;
      },
    });
  }

  /** @param {string} system */
  #setInstructions(system) {
    const { meta } = this.current;
    meta.system = system;
    if (this.conversations.has(meta.id)) this.conversations.update(meta, { system });
  }

  async #openLatest() {
    await this.conversations.load();
    const latest = this.conversations.metas.find(({ archived }) => !archived)?.id;
    if (!location.hash && latest && !this.drafts.of('').text) renamePlace(latest);
    await this.#open();
  }

  /** Show the conversation that the address names. */
  async #open() {
    const id = shownPlace();
    const turn = ++this.#opening;
    const isKnown = this.conversations.has(id);
    this.composer.conversation = isKnown ? id : '';
    this.composer.streaming = this.runner.isAnswering(id);
    const opened = (isKnown && (await this.#stored(id))) || this.conversations.create();
    if (opened.messages.length) await this.onDemand.loadPlaces();
    if (turn !== this.#opening) return; // another one was chosen meanwhile
    this.onDemand.keepPlace();
    this.current = opened;
    this.arrange();
    this.onDemand.goToPlace();
    this.settings.system = opened.meta.system ?? '';
    this.runner.resume(opened);
    this.refresh();
    this.sidebar.chosen();
    if (matchMedia('(pointer: fine)').matches) this.composer.focus();
  }

  /** Return this conversation; undefined while the storage does not answer. @param {string} id */
  #stored(id) {
    return this.conversations.open(id).catch(() => {
      this.composer.notice = UNREADABLE;
      return undefined;
    });
  }
}
