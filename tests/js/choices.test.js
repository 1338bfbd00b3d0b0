// What answers in a conversation belongs to it: what is chosen, what of that can be had, and what is sent.
import assert from 'node:assert/strict';
import test from 'node:test';

import { choiceIn, fitted, optionsOf } from '../../static/model/choices.js';
import { Conversations } from '../../static/model/conversations.js';
import { fromFile, toJson } from '../../static/model/export-format.js';
import { newAnswer } from '../../static/model/message.js';
import { repaired } from '../../static/model/records.js';
import { localStore, sharedStore } from '../../static/model/store.js';
import { FakeStorage, finish } from './conversations.js';

const LAST = { model: 'opus', effort: 'low', webSearch: true };
const OWN = { model: 'haiku', effort: 'high', webSearch: false };
const MODELS = [
  { id: 'sonnet', efforts: ['low', 'high'], web_search: true },
  { id: 'opus', efforts: ['low', 'max'], web_search: true },
  { id: 'plain', efforts: [], web_search: false },
];
const fit = (choice) => fitted({ ...LAST, ...choice }, MODELS, 'sonnet');

test('a new conversation begins with the last choice; what is chosen in it is its own', () => {
  assert.deepEqual(choiceIn({}, [], LAST), LAST);
  assert.deepEqual(choiceIn(OWN, [], LAST), OWN);
  assert.deepEqual(choiceIn({ effort: '' }, [], LAST), { ...LAST, effort: '' });
});

test('a conversation from before choices were kept shows what its last answer was asked with', () => {
  const asked = (ask, model) => ({ ...newAnswer(1, ask), ...(model && { model }) });
  const plain = { model: '', effort: '', webSearch: false };
  assert.deepEqual(choiceIn({}, [asked({})], LAST), plain);
  assert.deepEqual(choiceIn({}, [asked({}, 'sonnet')], LAST), { ...plain, model: 'sonnet' });
  const full = asked({ model: 'plain', effort: 'max', web_search: true }, 'plain-20260101');
  const expected = { model: 'plain', effort: 'max', webSearch: true };
  assert.deepEqual(choiceIn({}, [asked({}), full], LAST), expected);
  assert.deepEqual(choiceIn({ model: 'opus' }, [full], LAST), { ...expected, model: 'opus' });
  assert.deepEqual(choiceIn({}, [{ ...full, ask: undefined }], LAST).model, 'plain-20260101');
});

test('what cannot be had is replaced: the model by the default, and it is told', () => {
  assert.equal(fit({}).model.id, 'opus');
  assert.deepEqual([fit({ model: 'old' }).model.id, fit({ model: 'old' }).gone], ['sonnet', 'old']);
  assert.deepEqual([fit({ model: '' }).model.id, fit({ model: '' }).gone], ['sonnet', '']);
  assert.deepEqual(
    [fit({ model: 'opus-20260922' }).gone, fit({ model: 'opus-4' }).gone],
    ['', 'opus-4'],
  );
  assert.equal(fit({ effort: 'high' }).effort, '');
  const plain = fit({ model: 'plain' });
  assert.deepEqual([plain.effort, plain.webSearch], ['', false]);
});

test('without a list a conversation goes on with its model, and a new one with the default', () => {
  const none = fitted(LAST, [], '');
  assert.deepEqual([none.model, none.gone], [undefined, '']);
  assert.deepEqual(optionsOf(LAST, none, true), {});
  assert.deepEqual(optionsOf(LAST, none, false), { model: 'opus', effort: 'low' });
});

test('what is chosen and can be had is sent', () => {
  const sent = (choice) => optionsOf({ ...LAST, ...choice }, fit(choice), false);
  assert.deepEqual(sent({}), { model: 'opus', effort: 'low', web_search: true });
  assert.deepEqual(sent({ model: 'old', effort: '' }), { model: 'sonnet', web_search: true });
  assert.deepEqual(sent({ model: 'plain' }), { model: 'plain' });
});

test('a choice is kept over a reload, and by an export and its import', async () => {
  const storage = new FakeStorage();
  const conversations = new Conversations(localStore(storage));
  const one = conversations.create();
  Object.assign(one.meta, OWN);
  conversations.touch(one, 'Hi');
  const [, answer] = one.ask('Hi', { model: 'haiku' });
  one.apply(answer, 1, { text: '', model: 'haiku-1' });
  finish(one, answer, 'Hello');
  const again = new Conversations(localStore(storage));
  await again.load();
  const { meta, allAnswers } = await again.open(one.meta.id);
  assert.deepEqual(choiceIn(meta, [], LAST), OWN);
  assert.equal(allAnswers[0].model, 'haiku-1');
  const [imported] = fromFile(toJson([one]));
  assert.deepEqual(choiceIn(imported.meta, [], LAST), OWN);
  assert.equal(imported.all[1].model, 'haiku-1');
});

test('another tab takes over what is chosen in this one, and only for that conversation', async () => {
  const storage = new FakeStorage();
  const told = [];
  const here = new Conversations(
    sharedStore(localStore(storage), { postMessage: (changes) => told.push(...changes) }),
  );
  const [one, two] = [here.create(), here.create()];
  for (const each of [one, two]) here.touch(each, 'Hi');
  const there = new Conversations(localStore(new FakeStorage()));
  here.update(one.meta, OWN);
  await Promise.resolve();
  for (const change of told) await there.adopt(structuredClone(change));
  const metas = new Map(there.metas.map((meta) => [meta.id, meta]));
  assert.deepEqual(choiceIn(metas.get(one.meta.id), [], LAST), OWN);
  assert.deepEqual(choiceIn(metas.get(two.meta.id), [], LAST), LAST);
});

test('a damaged choice is as if there were none', () => {
  const meta = { id: 'c', title: 't', at: 1, touched: 1, ...OWN };
  assert.deepEqual(repaired('conversations', meta), [meta]);
  for (const name of Object.keys(OWN)) {
    const [found] = repaired('conversations', { ...meta, [name]: 7 });
    assert.equal(name in found, false);
    const file = JSON.stringify({
      format: 'claude-sse',
      version: 2,
      conversations: [{ ...meta, [name]: {}, messages: [{ role: 'user', text: 'q' }] }],
    });
    assert.equal(name in fromFile(file)[0].meta, false);
  }
});
