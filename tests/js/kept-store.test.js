// The store that the page uses, over databases that fail in every way.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Journal } from '../../static/model/journal.js';
import { KeptStore } from '../../static/model/kept-store.js';
import { pass, settle } from './fake-time.js';

class FakeStorage {
  getItem(key) {
    return this[key] ?? null;
  }
  setItem(key, value) {
    this[key] = value;
  }
  removeItem(key) {
    delete this[key];
  }
}
const never = () => new Promise(() => {});
const failing = (name) => () => Promise.reject(new DOMException(name, name));

/** A database in memory; what a test gives in `does` replaces what it does. */
function database(records = new Map(), does = {}) {
  const all = (table) =>
    [...records.values()].filter(({ role }) => (table === 'messages') === Boolean(role));
  return {
    records,
    does,
    all: async (table) => (does.all ? does.all(table) : all(table)),
    messages: async (id) =>
      does.messages
        ? does.messages(id)
        : all('messages').filter(({ conversation }) => conversation === id),
    open: async () => (does.open ? does.open() : []),
    write: async (changes) => {
      if (does.write) return does.write(changes);
      for (const { record, id } of changes)
        if (record) records.set(record.id, structuredClone(record));
        else records.delete(id);
    },
  };
}

function begin(t, { open, storage = new FakeStorage() }) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const heard = [];
  const broken = new Set();
  const journal = new Journal(storage, broken);
  const store = new KeptStore({ open, journal, onState: (...state) => heard.push(state) });
  const states = () => heard.map(([state]) => state);
  return { store, states, heard, journal, storage };
}
const question = (id, text = 'q') => ({ id, role: 'user', conversation: 'c', n: 1, at: 1, text });
const put = (record) => ({ table: 'messages', record });

test('a database that never opens is waited for three seconds; when it opens all is stored', async (t) => {
  let opened;
  const { store, states, storage } = begin(t, { open: () => new Promise((go) => (opened = go)) });
  let written = false;
  store.write([put(question('a'))]).then(() => (written = true));
  const reading = store.all('messages');
  await pass(t, 2);
  assert.ok(!written);
  await pass(t, 1);
  assert.ok(written);
  assert.deepEqual(await reading, [question('a')]);
  assert.deepEqual(states(), ['down']);
  assert.ok('claude-sse:messages:a' in storage, 'the next page finds it');
  await store.write([put(question('a', 'newer'))]);
  const base = database();
  opened(base);
  await settle();
  assert.deepEqual(states(), ['down', 'open']);
  assert.equal(base.records.get('a').text, 'newer');
  assert.deepEqual(Object.keys(storage), []);
});

test('what an earlier page could not store is stored by the next one', async (t) => {
  const storage = new FakeStorage();
  storage['claude-sse:messages:a'] = JSON.stringify(question('a'));
  storage['claude-sse:messages:b'] = '{';
  const base = database();
  const { store, states } = begin(t, { open: async () => base, storage });
  assert.deepEqual(await store.messages('c'), [question('a')]);
  assert.deepEqual([...base.records.keys()], ['a']);
  assert.deepEqual(Object.keys(storage), ['claude-sse:messages:b'], 'the damaged one stays');
  assert.deepEqual(states(), ['open']);
});

test('an answer of which another tab has stored more is not replaced by what an earlier page left', async (t) => {
  const answer = { ...question('a'), role: 'assistant' };
  const left = { ...answer, text: 'one', lastEventId: 3, state: 'streaming' };
  const whole = { ...answer, text: 'one two', lastEventId: 9, state: 'done' };
  for (const isFull of [false, true]) {
    const storage = new FakeStorage();
    storage['claude-sse:messages:a'] = JSON.stringify(left);
    const records = new Map(isFull ? [] : [['a', whole]]);
    const base = database(records, isFull ? { write: failing('QuotaExceededError') } : {});
    const { store, states } = begin(t, { open: async () => base, storage });
    await store.all('messages');
    if (isFull) records.set('a', whole); // by the other tab, which has made room
    base.does.write = undefined;
    assert.equal((await store.messages('c'))[0].text, 'one two');
    await store.write([put(question('b'))]);
    assert.deepEqual(records.get('a'), whole);
    assert.deepEqual(Object.keys(storage), []);
    assert.deepEqual(states(), isFull ? ['full', 'open'] : ['open']);
    t.mock.timers.reset();
  }
});

test('a conversation that was changed since is not as an earlier page left it', async (t) => {
  const meta = { id: 'c', title: 'Left', at: 1, touched: 5, changed: 5 };
  const cases = [
    [{ ...meta, title: 'Renamed', changed: 9 }, 'Renamed'],
    [{ ...meta, deleted: 9, changed: 9 }, 'Left', 9],
    [{ ...meta, title: 'Asked in', touched: 9, changed: undefined }, 'Asked in'],
    [{ ...meta, title: 'Older', changed: 3 }, 'Left'],
    [undefined, 'Left'],
  ];
  for (const [stored, title, deleted] of cases) {
    const storage = new FakeStorage();
    storage['claude-sse:conversations:c'] = JSON.stringify(meta);
    const base = database(new Map(stored && [['c', stored]]));
    const { store } = begin(t, { open: async () => base, storage });
    const [read] = await store.all('conversations');
    assert.deepEqual([read.title, read.deleted], [title, deleted]);
    assert.equal(base.records.get('c').title, title);
    assert.equal(base.records.get('c').deleted, deleted);
    assert.deepEqual(Object.keys(storage), []);
    t.mock.timers.reset();
  }
});

test('while the database does not work, the newest of what is known of a conversation is shown', () => {
  const storage = new FakeStorage();
  const put = (title, changed) => ({ table: 'conversations', record: { id: 'c', title, changed } });
  const journal = new Journal(storage, new Set());
  journal.add([put('Mine', 5)]);
  const titles = (stored) => journal.applied('conversations', stored).map(({ title }) => title);
  assert.deepEqual(titles([put('Older', 3).record]), ['Mine']);
  assert.deepEqual(titles([put('Newer', 9).record]), ['Newer']);
});

test('a closed database is opened again once, for what is read and for what is written', async (t) => {
  const records = new Map();
  const opened = [];
  const open = async () => {
    opened.push(database(records));
    return opened.at(-1);
  };
  const { store, states } = begin(t, { open });
  await store.write([put(question('a'))]);
  for (const name of ['InvalidStateError', 'UnknownError', 'AbortError']) {
    for (const does of ['write', 'messages', 'all', 'open']) {
      opened.at(-1).does[does] = failing(name);
      if (does === 'write') await store.write([put(question(name))]);
      else assert.ok(await store[does](does === 'all' ? 'messages' : 'c'));
    }
  }
  assert.equal(opened.length, 13);
  assert.deepEqual([...records.keys()], ['a', 'InvalidStateError', 'UnknownError', 'AbortError']);
  assert.deepEqual(states(), ['open']);
});

test('a database that is refused is tried twice, then again every five seconds', async (t) => {
  let [attempts, error] = [0, new DOMException('no', 'SecurityError')];
  const base = database();
  const open = async () => {
    attempts += 1;
    if (error) throw error;
    return base;
  };
  const { store, states, heard } = begin(t, { open });
  await settle();
  assert.deepEqual([attempts, states()], [2, ['down']]);
  assert.equal(heard[0][1].name, 'SecurityError');
  await store.write([put(question('a'))]);
  assert.deepEqual(await store.all('conversations'), []);
  await assert.rejects(store.messages('another'), { name: 'SecurityError' });
  assert.equal(attempts, 2, 'not for each call');
  await pass(t, 5);
  assert.deepEqual([attempts, states()], [4, ['down']]);
  error = undefined;
  await pass(t, 5);
  assert.deepEqual(states(), ['down', 'open']);
  assert.deepEqual([...base.records.keys()], ['a']);
});

test('calls that never answer count as a database that does not', async (t) => {
  for (const does of ['write', 'messages', 'open', 'conversations']) {
    const base = database();
    const { store, states } = begin(t, { open: async () => base });
    await settle();
    base.does[does === 'conversations' ? 'all' : does] = never;
    const call = {
      write: () => store.write([put(question('a'))]),
      messages: () => store.messages('c').catch(({ name }) => name),
      open: () => store.open(),
      conversations: () => store.all('conversations'),
    };
    const calling = call[does]();
    await pass(t, 3);
    assert.deepEqual(
      await calling,
      does === 'write' ? undefined : does === 'messages' ? 'Late' : [],
    );
    assert.deepEqual(states(), ['open', 'down']);
    base.does = {};
    t.mock.timers.reset();
  }
});

test('on a full disk what is deleted makes room, and each record that fits is stored', async (t) => {
  const base = database(new Map([['old', question('old', 'x'.repeat(50))]]));
  const size = () => [...base.records.values()].reduce((sum, { text }) => sum + text.length, 0);
  base.does.write = async (changes) => {
    const before = new Map(base.records);
    for (const { record, id } of changes)
      if (record) base.records.set(record.id, structuredClone(record));
      else base.records.delete(id);
    if (size() <= 60) return;
    base.records.clear();
    for (const [id, record] of before) base.records.set(id, record);
    throw new DOMException('full', 'QuotaExceededError');
  };
  const { store, states, journal } = begin(t, { open: async () => base });
  await settle();
  await store.write([put(question('big', 'y'.repeat(40))), put(question('small', 'z'))]);
  assert.deepEqual([...base.records.keys()], ['old', 'small']);
  assert.deepEqual(states(), ['open', 'full']);
  assert.equal((await store.all('messages')).length, 3);
  await store.write([{ table: 'messages', id: 'old' }]);
  assert.deepEqual([...base.records.keys()].sort(), ['big', 'small']);
  assert.deepEqual(states(), ['open', 'full', 'open']);
  assert.deepEqual(journal.changes, []);
});

test('what a tab has left that is gone is stored by one that is open, but not over what is newer', async (t) => {
  const answer = { ...question('a'), role: 'assistant', state: 'streaming' };
  const meta = (id, title, changed) => ({ id, title, at: 1, touched: 1, changed });
  for (const isDown of [false, true]) {
    const base = database(new Map([['gone', question('gone')]]));
    base.records.set('a', { ...answer, text: 'one two', lastEventId: 9 });
    base.records.set('c', meta('c', 'Newer', 9));
    let error = isDown && new DOMException('no', 'SecurityError');
    const open = async () => {
      if (error) throw error;
      return base;
    };
    const { store, states, storage } = begin(t, { open });
    await settle();
    storage['claude-sse:messages:q'] = JSON.stringify(question('q', 'copied'));
    const left = [
      put(question('r', 'too long to be copied')),
      put({ ...answer, text: 'one', lastEventId: 3 }),
      { table: 'conversations', record: meta('c', 'Older', 3) },
      { table: 'messages', id: 'gone' },
    ];
    assert.equal(await store.takeOver(left), true);
    error = undefined;
    await pass(t, 5);
    assert.deepEqual([...base.records.keys()].sort(), ['a', 'c', 'q', 'r']);
    assert.equal(base.records.get('a').text, 'one two');
    assert.equal(base.records.get('c').title, 'Newer');
    assert.deepEqual(Object.keys(storage), []);
    assert.deepEqual(states(), isDown ? ['down', 'open'] : ['open']);
    assert.deepEqual(store.leave(), []);
    assert.equal(await store.takeOver(), false);
    t.mock.timers.reset();
  }
});

test('what this page knows better is not replaced by what another one has left', async (t) => {
  const { store, journal } = begin(t, { open: failing('SecurityError') });
  await settle();
  const meta = (title, changed) => ({ id: 'c', title, at: 1, touched: 1, changed });
  await store.write([{ table: 'conversations', record: meta('Mine', 5) }]);
  await store.write([{ table: 'messages', id: 'q' }]);
  await store.takeOver([
    { table: 'conversations', record: meta('Older', 3) },
    put(question('q')),
    put(question('r')),
  ]);
  const waiting = journal.changes.map(
    ({ id, record }) => record?.title ?? record?.id ?? `no ${id}`,
  );
  assert.deepEqual(waiting, ['Mine', 'no q', 'r']);
  await store.takeOver([{ table: 'conversations', record: meta('Newer', 9) }]);
  assert.equal(journal.changes[0].record.title, 'Newer');
});

test('a page that comes back stores what it had left, but not over what another tab has gone on to', async (t) => {
  const answer = { ...question('a'), role: 'assistant', state: 'streaming' };
  const base = database();
  let error = new DOMException('no', 'SecurityError');
  const open = async () => {
    if (error) throw error;
    return base;
  };
  const { store } = begin(t, { open });
  await settle();
  const left = [put({ ...answer, text: 'one', lastEventId: 3 }), put(question('q'))];
  await store.write(left);
  assert.deepEqual(store.leave(), left);
  base.records.set('a', { ...answer, text: 'one two', lastEventId: 9, state: 'done' });
  error = undefined;
  await pass(t, 5);
  assert.equal(base.records.get('a').text, 'one two');
  assert.deepEqual(base.records.get('q'), question('q'));
  assert.deepEqual(store.leave(), []);
});
