// Drafts: what was written and not sent belongs to its tab and its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { Drafts } from '../../static/model/drafts.js';
import { Tabs } from '../../static/model/tabs.js';
import { FakeStorage } from './conversations.js';
import { tabChannels } from './tab-channels.js';

const NONE = { text: '', editing: '', edits: {} };
const saying = (text) => ({ ...NONE, text });

/** A browser: its tabs share one localStorage, and hear each other. */
function browser(t) {
  const shared = new FakeStorage();
  const { open, pass, until } = tabChannels(t);
  return {
    shared,
    pass,
    until,
    /** Open a tab with this sessionStorage. */
    open(own = new FakeStorage()) {
      const channel = open();
      return { own, channel, drafts: new Drafts(own, shared, new Tabs(own, channel)) };
    },
  };
}

test('a draft belongs to its tab and its place, and is there after a reload', async (t) => {
  const { open } = browser(t);
  const [one, two] = [open(), open()];
  one.drafts.save('', saying('new'));
  one.drafts.save('c', { text: 'aside', editing: 'q', edits: { q: 'changed', p: 'too' } });
  two.drafts.save('', saying('other'));
  two.drafts.save('c', NONE);
  one.channel.close();
  const again = open(one.own);
  assert.deepEqual(again.drafts.of(''), saying('new'));
  assert.deepEqual(again.drafts.of('c'), {
    text: 'aside',
    editing: 'q',
    edits: { q: 'changed', p: 'too' },
  });
  assert.deepEqual(two.drafts.of(''), saying('other'));
});

test('what is given back stands above what was written since, a change with its question', (t) => {
  const { open } = browser(t);
  const { own, drafts } = open();
  drafts.save('c', saying('since'));
  drafts.giveBack('c', 'asked', '');
  drafts.giveBack('c', '', ''); // of a question with files only
  drafts.giveBack('c', 'changed', 'q');
  drafts.giveBack('c', 'first', 'q');
  const edits = { q: 'first\n\nchanged' };
  assert.deepEqual(drafts.of('c'), { text: 'asked\n\nsince', editing: 'q', edits });
  assert.deepEqual(open(own).drafts.of('c'), drafts.of('c'));
});

test('what is given back can be taken back: the draft is as it was', (t) => {
  const { open } = browser(t);
  const { own, drafts } = open();
  drafts.save('c', saying('before'));
  const takeBack = drafts.giveBack('c', 'typed', '');
  assert.deepEqual(drafts.of('c'), saying('typed\n\nbefore'));
  takeBack();
  assert.deepEqual(drafts.of('c'), saying('before'));
  assert.deepEqual(open(own).drafts.of('c'), saying('before'));
});

test('files belong to their draft as its words do, each once', async (t) => {
  const { open, until, shared } = browser(t);
  const [one, two] = ['one', 'two'].map((id) => ({
    id,
    name: id,
    kind: 'text',
    type: 'text/plain',
    size: 3,
  }));
  const closed = open();
  closed.drafts.attach('c', '', one);
  closed.drafts.giveBack('c', 'changed', 'q', [one]);
  closed.drafts.attach('c', 'q', two);
  closed.drafts.attach('c', 'q', one);
  const left = {
    text: '',
    editing: 'q',
    edits: { q: 'changed' },
    files: { '': [one], q: [one, two] },
  };
  assert.deepEqual(closed.drafts.of('c'), left);
  closed.drafts.flush();
  closed.channel.close();
  const next = open();
  assert.deepEqual(next.drafts.fileIds(), ['one', 'one', 'two']);
  assert.deepEqual(await until(next.drafts.recover('c')), left);
  const { files, editedId } = next.drafts.take('c', 'q');
  assert.deepEqual([files, editedId], [[one, two], 'q']);
  assert.deepEqual(next.drafts.take('c', '').files, [one]);
  assert.deepEqual(next.drafts.of('c'), NONE);
  next.drafts.flush();
  assert.equal(Object.keys(shared).length, 0);
});

test('a change that was given up takes no file that is read later: there is nothing to be sent', (t) => {
  const { open } = browser(t);
  const { drafts } = open();
  drafts.attach('c', 'q', { id: 'f', name: 'f', kind: 'text', type: 'text/plain', size: 3 });
  assert.deepEqual(drafts.of('c'), NONE);
  assert.deepEqual(drafts.take('c', 'q'), { text: '', editedId: 'q', files: [] });
});

test("what is damaged of a draft's files is left out", (t) => {
  const { open } = browser(t);
  const own = new FakeStorage();
  for (const files of ['null', '7', '{"":7}', '[[{}]]', '{"":[{"id":1}]}']) {
    own.setItem('claude-sse:draft:c', `{"text":"t","editing":"","edits":{},"files":${files}}`);
    assert.deepEqual(open(own).drafts.of('c'), saying('t'));
  }
});

test('a full storage keeps no tab from having an id', (t) => {
  const { open } = browser(t);
  const own = new FakeStorage();
  own.setItem = () => {
    throw new DOMException('full', 'QuotaExceededError');
  };
  const { drafts } = open(own);
  drafts.save('c', saying('kept while the page is open'));
  assert.deepEqual(drafts.of('c'), saying('kept while the page is open'));
});

test('the draft of a tab that was closed is taken over once, that of an open tab never', async (t) => {
  const { open, until, shared } = browser(t);
  const [closed, live] = [open(), open()];
  closed.drafts.save('c', saying('left behind'));
  live.drafts.save('c', saying('being written'));
  for (const { drafts } of [closed, live]) drafts.flush();
  closed.channel.close();
  const next = open();
  assert.equal(await until(next.drafts.recover('d')), undefined);
  assert.deepEqual(await until(next.drafts.recover('c')), saying('left behind'));
  next.drafts.flush();
  const last = open();
  assert.equal(await until(last.drafts.recover('c')), undefined);
  assert.equal(Object.keys(shared).length, 2);
});

test('what is written meanwhile is not replaced by what another tab has left', async (t) => {
  const { open, until } = browser(t);
  const closed = open();
  closed.drafts.save('', saying('left behind'));
  closed.drafts.flush();
  closed.channel.close();
  const next = open();
  const recovering = next.drafts.recover('');
  next.drafts.save('', saying('mine'));
  assert.equal(await until(recovering), undefined);
  next.drafts.save('', NONE);
  assert.deepEqual(await until(next.drafts.recover('')), saying('left behind'));
});

test('a duplicated tab keeps a copy of the drafts, and neither overwrites the other from then on', async (t) => {
  const { open, pass, shared } = browser(t);
  const first = open();
  first.drafts.save('', saying('both'));
  const copy = Object.assign(new FakeStorage(), { ...first.own });
  const second = open(copy);
  await second.drafts.recover('none'); // no copies there: answers immediately
  await pass(100);
  assert.notEqual(first.own['claude-sse:tab'], copy['claude-sse:tab']);
  assert.deepEqual(Object.keys(shared), [`claude-sse:drafts:${copy['claude-sse:tab']}:`]);
  assert.deepEqual(second.drafts.of(''), saying('both'));
  first.drafts.save('', saying('one'));
  second.drafts.save('', saying('two'));
  for (const { drafts } of [first, second]) drafts.flush();
  assert.deepEqual(
    Object.values(shared)
      .map((stored) => JSON.parse(stored).text)
      .sort(),
    ['one', 'two'],
  );
});

test('drafts from before they had tabs are taken over, also one that is a number or JSON', async (t) => {
  const texts = ['half a thought', '5', '{"a":', 'null', '{"text":1}'];
  for (const text of texts) {
    const { open, until, shared } = browser(t);
    shared.setItem('claude-sse:draft:c', text);
    const { drafts } = open();
    assert.equal((await until(drafts.recover('c'))).text, text);
    assert.equal(shared['claude-sse:draft:c'], undefined);
  }
});

test('where nothing can be stored a draft is kept while the page is open', (t) => {
  const { open } = browser(t);
  const full = new FakeStorage();
  full.setItem = () => {
    throw new Error('full');
  };
  const { drafts } = open(Object.assign(full, { 'claude-sse:tab': 'x' }));
  drafts.save('', saying('kept'));
  assert.deepEqual(drafts.of(''), saying('kept'));
});
