// Versions: an edited question and an answer asked for again stand beside the earlier ones.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { Conversation } from '../../static/model/conversation.js';
import { Conversations } from '../../static/model/conversations.js';
import { fromFile, toJson, toMarkdown } from '../../static/model/export-format.js';
import { localStore } from '../../static/model/store.js';
import { MessageTree } from '../../static/model/tree.js';
import { FakeStorage, finish, numbers } from './conversations.js';

/** Conversations in one browser, and one of them with a clock of its own that stands still. */
async function begin(storage = new FakeStorage()) {
  const conversations = new Conversations(localStore(storage));
  await conversations.load();
  const conversation = conversations.create();
  conversations.touch(conversation, 'Title');
  return { storage, conversations, conversation };
}
async function reloaded(storage, id) {
  const conversations = new Conversations(localStore(storage));
  await conversations.load();
  return conversations.open(id);
}
/** Ask each of these and have it answered. */
function talk(conversation, ...questions) {
  return questions.map((text) => {
    const [question, answer] = conversation.ask(text);
    finish(conversation, answer, `re ${text}`);
    return { question, answer };
  });
}
const texts = (messages) => messages.map(({ text }) => text).join(' | ');
const sent = (conversation, answer) =>
  conversation.request(answer).messages.map(({ content }) => content);

test('an edited question is another version; what followed the earlier one stays with it', async () => {
  const { storage, conversations, conversation } = await begin();
  const [first] = talk(conversation, 'one', 'two', 'three');
  const [edited, answer] = conversation.ask('uno', {}, { instead: first.question.id });
  assert.deepEqual(sent(conversation, answer), ['uno']);
  finish(conversation, answer, 're uno');
  assert.equal(texts(conversation.messages), 'uno | re uno');
  assert.deepEqual(conversation.versions(edited), [first.question, edited]);

  conversations.choose(conversation, first.question);
  const before = 'one | re one | two | re two | three | re three';
  assert.equal(texts(conversation.messages), before);
  const again = await reloaded(storage, conversation.meta.id);
  assert.equal(texts(again.messages), before);
  assert.equal(again.all.length, 8);
});

test('an answer in the middle that is asked for again leaves what followed the earlier one', async () => {
  const { conversations, conversation } = await begin();
  const [, second] = talk(conversation, 'one', 'two', 'three');
  const again = conversation.retry(second.answer);
  assert.deepEqual(sent(conversation, again), ['one', 're one', 'two']);
  finish(conversation, again, 'anew');
  assert.equal(texts(conversation.messages), 'one | re one | two | anew');
  talk(conversation, 'four');
  conversations.choose(conversation, second.answer);
  assert.match(texts(conversation.messages), /re two \| three \| re three$/);
  conversations.choose(conversation, again);
  assert.match(texts(conversation.messages), /anew \| four \| re four$/);
});

test('each fork remembers its version while another one is shown', async () => {
  const { conversations, conversation } = await begin();
  const [one] = talk(conversation, 'one');
  const better = conversation.retry(one.answer);
  finish(conversation, better, 'better');
  conversations.choose(conversation, one.answer);
  const [edited, answer] = conversation.ask('uno', {}, { instead: one.question.id });
  finish(conversation, answer, 're uno');
  conversations.choose(conversation, one.question);
  assert.equal(texts(conversation.messages), 'one | re one');
  conversations.choose(conversation, edited);
  conversations.choose(conversation, one.question);
  assert.equal(texts(conversation.messages), 'one | re one');
});

test('an answer that is not shown goes on, and what it was asked stays the same', async () => {
  const { conversations, conversation } = await begin();
  const [one] = talk(conversation, 'one');
  const again = conversation.retry(one.answer);
  const body = JSON.stringify(conversation.request(again));
  conversation.apply(again, 1, { text: 'half' });
  conversations.choose(conversation, one.answer);
  assert.ok(!conversation.shows(again));
  assert.deepEqual(conversation.open(), [again]);
  talk(conversation, 'two');
  assert.equal(JSON.stringify(conversation.request(again)), body);
  conversation.apply(again, 2, { text: ' and whole' });
  conversation.apply(again, 3, '[DONE]');
  assert.equal(again.text, 'half and whole');
  assert.equal(texts(conversation.messages), 'one | re one | two | re two');
});

test('a version that fails, is refused or taken back leaves the earlier ones as they were', async () => {
  const { conversation } = await begin();
  const [one] = talk(conversation, 'one');
  const stored = JSON.stringify([one.question, one.answer]);
  const again = conversation.retry(one.answer);
  conversation.fail(again, { message: 'No.', code: 'overloaded', retryable: true });
  const more = conversation.retry(again);
  conversation.fail(more, { message: 'No.', code: 'rejected', retryable: false });
  const [, refused] = conversation.ask('uno', {}, { instead: one.question.id });
  assert.ok(conversation.canWithdraw(refused));
  assert.equal(conversation.withdraw(refused).text, 'uno');
  assert.deepEqual(conversation.versions(one.answer), [one.answer, more]);
  assert.equal(JSON.stringify([one.question, one.answer]), stored);
  assert.ok(!conversation.canWithdraw(more), 'another version stands beside it');
});

test('tabs agree on what is shown, in whatever order they hear of each other', async () => {
  const { storage, conversation } = await begin();
  const [one] = talk(conversation, 'one');
  const collect = (list, from) => {
    const { write } = from;
    return { ...from, write: (more) => (list.push(...structuredClone(more)), write(more)) };
  };
  const heard = [[], []];
  const tabs = heard.map((list) => new Conversations(collect(list, localStore(storage))));
  const opened = [];
  for (const tab of tabs) {
    await tab.load();
    opened.push(await tab.open(conversation.meta.id));
  }
  const [a, b] = opened;
  finish(a, a.retry(a.answer(one.answer.id)), 'from a');
  finish(b, b.ask('from b', {}, { instead: one.question.id })[1], 'to b');
  tabs[0].choose(a, a.answer(one.answer.id));
  for (const [i, tab] of tabs.entries()) for (const change of heard[1 - i]) await tab.adopt(change);
  assert.equal(texts(a.messages), texts(b.messages));
  assert.equal(texts(a.all), texts(b.all));
  assert.equal(a.all.length, 5);
});

test('a conversation from before versions is shown as it was, and goes on', async () => {
  const storage = new FakeStorage();
  const old = [
    { role: 'user', id: 'q1', text: 'one' },
    { role: 'assistant', id: 'a1', text: 'half', state: 'interrupted', replaced: true },
    { role: 'assistant', id: 'a2', text: 'half again', state: 'stopped', replaced: true },
    { role: 'assistant', id: 'a3', text: 'whole', state: 'done', replaced: false },
    { role: 'user', id: 'q2', text: 'two' },
    { role: 'assistant', id: 'a4', text: '', state: 'error', replaced: false },
    { role: 'user', id: 'q3', text: 'three' },
    { role: 'assistant', id: 'a5', text: 're three', state: 'done', replaced: false },
  ].map((message, n) => ({ ...message, n, at: n, conversation: 'c' }));
  for (const one of old) storage.setItem(`claude-sse:messages:${one.id}`, JSON.stringify(one));
  storage.setItem('claude-sse:conversations:c', JSON.stringify({ id: 'c', title: 'Old', at: 1 }));
  const conversation = await reloaded(storage, 'c');
  assert.equal(texts(conversation.messages), 'one | whole | two |  | three | re three');
  assert.equal(
    texts(conversation.versions(conversation.answer('a3'))),
    'half | half again | whole',
  );
  const [, answer] = conversation.ask('four');
  assert.deepEqual(sent(conversation, answer), [
    'one',
    'whole',
    'two\n\nthree',
    're three',
    'four',
  ]);
  const file = {
    format: 'claude-sse',
    version: 1,
    conversations: [{ title: 'Old', messages: old }],
  };
  const [back] = fromFile(JSON.stringify(file));
  const imported = await kept(back);
  assert.equal(texts(imported.messages), 'one | whole | two |  | three | re three');
  assert.equal(imported.all.length, old.length);
});

/** Store what was imported, and read it again. */
async function kept({ meta, all }) {
  const { storage, conversations } = await begin();
  conversations.add(meta, all);
  return reloaded(storage, meta.id);
}

test('a file keeps every version and which are shown; Markdown has those that are shown', async () => {
  const { conversations, conversation } = await begin();
  const [one] = talk(conversation, 'one', 'two');
  finish(conversation, conversation.retry(one.answer), 'anew');
  conversation.ask('uno', {}, { instead: one.question.id });
  conversations.choose(conversation, one.question);
  conversations.choose(conversation, one.answer);
  const [back] = fromFile(toJson([conversation]));
  const imported = await kept(back);
  assert.equal(texts(imported.messages), 'one | re one | two | re two');
  assert.equal(texts(imported.all), texts(conversation.all));
  assert.equal(imported.open().length, 0, 'nothing is asked again');
  assert.equal(
    texts((await kept(fromFile(toMarkdown(conversation))[0])).all),
    texts(imported.messages),
  );
  const newer = toJson([conversation]).replace('"version": 2', '"version": 3');
  assert.throws(() => fromFile(newer), /newer version/);
});

test('a message whose predecessor is lost stays in its conversation, with its versions', async () => {
  const { storage, conversation } = await begin();
  const [, two] = talk(conversation, 'one', 'two', 'three');
  finish(conversation, conversation.retry(two.answer), 'anew');
  delete storage[`claude-sse:messages:${two.question.id}`];
  const again = await reloaded(storage, conversation.meta.id);
  assert.equal(again.all.length, 6);
  assert.equal(texts(again.versions(again.answer(two.answer.id))), 're two | anew');
  assert.equal(texts(again.messages), 'one | re one | anew');
});

test('a question stays before its answer where both were repaired to one moment', () => {
  for (const [question, answer] of ['ab', 'ba']) {
    const tree = new MessageTree();
    tree.all = [
      { id: answer, role: 'assistant', parent: question, n: 5 },
      { id: question, role: 'user', parent: '', n: 5 },
    ];
    assert.deepEqual(
      tree.path().map(({ id }) => id),
      [question, answer],
    );
  }
});

test('whatever a file says of places, all its messages are in the conversation', async () => {
  const next = numbers(5);
  for (let round = 0; round < 200; round++) {
    const messages = Array.from({ length: 1 + next(7) }, (_, i) => ({
      role: next(2) ? 'user' : 'assistant',
      id: [`m${i}`, `m${next(7)}`, undefined, 7][next(4)],
      parent: [`m${next(9)}`, '', undefined, null, 3][next(5)],
      n: [i, next(9), undefined, 1e300, 'x'][next(5)],
      text: `t${i}`,
    }));
    const chosen = [undefined, { m1: 5, m2: 'x' }, 'x', { m0: 1e300 }][next(4)];
    const file = { format: 'claude-sse', version: 2, conversations: [{ messages, chosen }] };
    const [back] = fromFile(JSON.stringify(file));
    const conversation = await kept(back);
    assert.equal(conversation.all.length, messages.length);
    const tree = new MessageTree();
    tree.all = structuredClone(conversation.all);
    const below = (id) => tree.after(id).flatMap((one) => [one.id, ...below(one.id)]);
    assert.equal(new Set(below('')).size, messages.length);
    const [, answer] = conversation.ask('more');
    assert.ok(conversation.shows(answer));
  }
});

/** What a conversation should be: nested lists, each with the version that is shown. */
class Reference {
  root = { children: [], shown: 0 };
  add(path, node) {
    const parent = path.at(-1) ?? this.root;
    parent.children.push({ ...node, children: [], shown: 0 });
    this.show([...path, parent.children.at(-1)]);
    return parent.children.at(-1);
  }
  show(path) {
    path.reduce(
      (parent, node) => ((parent.shown = parent.children.indexOf(node)), node),
      this.root,
    );
  }
  path() {
    const found = [];
    for (let one = this.root; one.children.length; found.push(one)) one = one.children[one.shown];
    return found;
  }
}

test('random editing, asking again and switching shows what a simple model shows, and loses nothing', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = numbers(seed);
    const { storage, conversations, conversation: begun } = await begin();
    let conversation = begun;
    const reference = new Reference();
    const said = [];
    const say = (text) => (said.push(text), text);
    for (let step = 0; step < 40; step++) {
      const path = reference.path();
      const place = next(path.length || 1);
      const action = path.length
        ? ['ask', 'edit', 'again', 'switch', 'switch', 'reload', 'import'][next(7)]
        : 'ask';
      if (action === 'reload') conversation = await reloaded(storage, conversation.meta.id);
      if (action === 'import') conversation = await copied(conversation, conversations);
      const message = conversation.messages[place];
      const isAnswer = message?.role === 'assistant';
      if (action === 'ask' || (action === 'edit' && !isAnswer)) {
        const [text, reply] = [say(`t${step}`), say(`r${step}`)];
        const edited = action === 'edit' ? message.id : undefined;
        finish(conversation, conversation.ask(text, {}, { instead: edited })[1], reply);
        const before = edited ? path.slice(0, place) : path;
        const question = reference.add(before, { text });
        reference.add([...before, question], { text: reply });
      } else if (action === 'again' && isAnswer) {
        const reply = say(`r${step}`);
        finish(conversation, conversation.retry(message), reply);
        reference.add(path.slice(0, place), { text: reply });
      } else if (action === 'switch') {
        const versions = conversation.versions(message);
        const chosen = next(versions.length);
        const owner = new Conversations(localStore(storage));
        await owner.load();
        owner.choose(conversation, versions[chosen]);
        const parent = path[place - 1] ?? reference.root;
        reference.show([...path.slice(0, place), parent.children[chosen]]);
      }
      assert.equal(
        texts(conversation.messages),
        texts(reference.path()),
        `seed ${seed}, step ${step}`,
      );
    }
    assert.deepEqual(conversation.all.map(({ text }) => text).sort(), said.sort());
  }

  /** As a file, and back, into the same browser. */
  async function copied(conversation, conversations) {
    const [{ meta, all }] = fromFile(toJson([conversation]));
    conversations.add(meta, all);
    return conversations.open(meta.id);
  }
});

test('what is deleted can be brought back until it is purged, in any tab and after a reload', async () => {
  const { storage, conversations, conversation } = await begin();
  talk(conversation, 'needle');
  const { id } = conversation.meta;
  conversations.remove([id]);
  assert.ok(!conversations.has(id) && conversations.keeps(id));
  assert.deepEqual(conversations.metas, []); // which are those that are searched
  assert.deepEqual(await conversations.everything(), []);

  const later = new Conversations(localStore(storage));
  await later.load();
  assert.deepEqual(later.metas, []);
  await later.purge();
  later.restore(later.deleted.map((meta) => meta.id));
  assert.equal(texts((await later.open(id)).messages), 'needle | re needle');

  later.remove([id]);
  await later.purge(Infinity);
  assert.deepEqual(Object.keys(storage), []);
});

test('a mark of deletion that another tab writes or takes back is taken over', async () => {
  const { storage, conversations, conversation } = await begin();
  const there = new Conversations(localStore(storage));
  await there.load();
  const { meta } = conversation;
  conversations.remove([meta.id]);
  await there.adopt({ table: 'conversations', record: structuredClone(meta) });
  assert.ok(!there.has(meta.id));
  conversations.restore([meta.id]);
  await there.adopt({ table: 'conversations', record: JSON.parse(JSON.stringify(meta)) });
  assert.ok(there.has(meta.id));
});

test('what was changed last of a conversation counts, also in a tab that hears of it late', async () => {
  const { storage, conversations, conversation } = await begin();
  const there = new Conversations(localStore(storage));
  await there.load();
  const { id } = conversation.meta;
  conversations.rename(id, 'First');
  conversations.choose(conversation, talk(conversation, 'Hi')[0].answer);
  const late = structuredClone(conversation.meta);
  there.metas[0].changed = late.changed;
  there.rename(id, 'Last');
  await there.adopt({ table: 'conversations', record: late });
  const [meta] = there.metas;
  assert.equal(meta.title, 'Last');
  assert.deepEqual(meta.chosen, late.chosen);
  await conversations.adopt({ table: 'conversations', record: structuredClone(meta) });
  assert.equal(conversations.metas[0].title, 'Last');
});

test('what is changed of a conversation is newer than before, also by a clock that is set back', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: 9_000 });
  const { conversations, conversation } = await begin();
  const { meta } = conversation;
  const changes = [
    () => conversations.rename(meta.id, 'Renamed'),
    () => conversations.toggle(meta.id, 'archived'),
    () => conversations.set(meta, { system: 'Be brief.' }),
    () => conversations.remove([meta.id]),
    () => conversations.restore([meta.id]),
  ];
  assert.equal(meta.changed, 9_000);
  t.mock.timers.setTime(5_000);
  for (const [n, change] of changes.entries()) {
    change();
    assert.equal(meta.changed, 9_001 + n);
  }
  t.mock.timers.setTime(20_000);
  conversations.touch(conversation, 'More');
  assert.equal(meta.changed, 20_000);
});

test('a clock that is set back changes nothing of the order', () => {
  const clock = { ms: 10_000_000 };
  const store = localStore(new FakeStorage());
  const conversation = new Conversation(store, { id: 'c' }, { now: () => clock.ms });
  talk(conversation, 'one');
  clock.ms -= 3_600_000;
  talk(conversation, 'two');
  assert.equal(texts(conversation.messages), 'one | re one | two | re two');
  conversation.meta.chosen = conversation.choosing(conversation.messages[0]);
  const [, answer] = conversation.ask('uno', {}, { instead: conversation.messages[0].id });
  assert.ok(conversation.shows(answer));
});
