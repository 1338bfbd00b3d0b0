// Questions on their way to the store while the page goes, and while the database does not answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { Journal } from '../../static/model/journal.js';
import { KeptStore } from '../../static/model/kept-store.js';
import { FakeStorage } from './conversations.js';
import { pass, settle } from './fake-time.js';

globalThis.document = { querySelector: () => null };
globalThis.navigator ??= { platform: '' };
globalThis.sessionStorage = new FakeStorage();
const page = new EventTarget();
globalThis.addEventListener = page.addEventListener.bind(page);
const { Questions } = await import('../../static/app/questions.js');
const { Outbox } = await import('../../static/view/outbox.js');

const KEY = 'claude-sse:outbox';
const QUESTION = { id: 'q', role: 'user', conversation: 'c', n: 1, at: 1, text: 'Hi' };
const ANSWER = { ...QUESTION, id: 'a', role: 'assistant', lastEventId: 0, state: 'done', n: 2 };

/** A page of the tab, on this store: what is given back to its field is in `drafts`. */
function open(store, known = ['c']) {
  const drafts = [];
  const giveBack = ({ text, place }) => drafts.push([place, text]);
  const composer = { outbox: new Outbox(giveBack), giveBack };
  const conversations = { has: (id) => known.includes(id) };
  const questions = new Questions({ composer, conversations });
  return { drafts, composer, recover: () => questions.recover(store) };
}

/** The page goes while this is being stored. */
function leave() {
  const { composer } = open();
  const asked = { text: 'Hi', id: 'q', place: 'c' };
  void composer.outbox.send(asked, () => new Promise(() => {}));
  page.dispatchEvent(new Event('pagehide'));
}

/** A database that opens once it is told to, and what it holds. */
function database(t, storage, records) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let isOpen = false;
  const disk = {
    all: async () => [],
    messages: async () => records,
    open: async () => [],
    write: async () => {},
  };
  const opened = async () => {
    if (!isOpen) throw new DOMException('no', 'SecurityError');
    return disk;
  };
  const journal = new Journal(storage, new Set());
  const store = new KeptStore({ open: opened, journal, onState: () => {} });
  const answers = async () => {
    isOpen = true;
    await pass(t, 5);
  };
  return { store, answers };
}

test('a question that was being stored as the page went waits until the database can say', async (t) => {
  for (const [records, given] of [
    [[QUESTION], []],
    [[], [['c', 'Hi']]],
  ]) {
    const storage = new FakeStorage();
    storage['claude-sse:messages:a'] = JSON.stringify(ANSWER); // of the same conversation, and not stored
    leave();
    const { store, answers } = database(t, storage, records);
    const { drafts, recover } = open(store);
    await settle();
    await recover();
    assert.deepEqual(drafts, [], 'not known yet');
    assert.ok(sessionStorage.getItem(KEY), 'a page after this one may know');
    await answers();
    await Promise.all([recover(), recover()]);
    assert.deepEqual(drafts, given);
    assert.equal(sessionStorage.getItem(KEY), null);
    t.mock.timers.reset();
  }
});

test('what one page could not find out, the next one does', async (t) => {
  leave();
  const { store, answers } = database(t, new FakeStorage(), []);
  const { drafts, composer, recover } = open(store, []);
  await recover();
  void composer.outbox.send({ text: 'And?', id: 'r', place: 'd' }, () => new Promise(() => {}));
  page.dispatchEvent(new Event('pagehide'));
  assert.deepEqual(drafts, []);
  await answers();
  const next = open(store, []);
  await next.recover();
  assert.deepEqual(next.drafts, [
    ['', 'Hi'],
    ['', 'And?'],
  ]);
  t.mock.timers.reset();
});

test('a question whose sending fails is a draft again, unless it is in its conversation', async () => {
  for (const [id, given] of [
    [undefined, [['c', 'Hi']]],
    ['q', []],
  ]) {
    const { composer, drafts } = open();
    const failing = async (asked) => {
      Object.assign(asked, { id });
      throw new TypeError('broken');
    };
    await assert.rejects(composer.outbox.send({ text: 'Hi', place: 'c' }, failing));
    assert.deepEqual(drafts, given);
  }
});

test('a page that the browser brings back stores its question itself, and leaves the next page none', async () => {
  sessionStorage.removeItem(KEY);
  leave();
  page.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  assert.deepEqual(JSON.parse(sessionStorage.getItem(KEY) ?? '[]'), []);
});
