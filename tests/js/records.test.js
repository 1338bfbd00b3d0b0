// A record from the store or from another tab is repaired as far as the page needs, or dropped.
import assert from 'node:assert/strict';
import test from 'node:test';

import './words.js';
import { Conversations } from '../../static/model/conversations.js';
import { explain, newAnswer, newQuestion, remedies } from '../../static/model/message.js';
import { repaired, usable } from '../../static/model/records.js';
import { stateOf, statusOf, totalOf } from '../../static/model/status-text.js';
import { localStore } from '../../static/model/store.js';

const circle = { input_tokens: 1 };
circle.itself = circle;
/** What a database can hold, and more. */
const BROKEN = [
  ...[null, undefined, 0, -1, NaN, Infinity, 2n, '', 'x', '\0', true, Symbol.iterator, () => 1],
  ...[[], {}, [[]], circle, { input_tokens: 3n, output_tokens: {} }, { message: { code: 1n } }],
  ...[new Date(NaN), new Map(), new ArrayBuffer(1), new Error('x')],
];

test('a valid record stays as it is', () => {
  const answer = {
    ...newAnswer(5, { model: 'm' }),
    conversation: 'c',
    text: 'a',
    usage: { input_tokens: 1 },
    firstMs: 3,
  };
  assert.deepEqual(repaired('messages', answer), [answer]);
  const question = { ...newQuestion('q', 5), conversation: 'c' };
  assert.deepEqual(repaired('messages', question), [question]);
  const meta = { id: 'c', title: 't', at: 1, touched: 2, system: 's' };
  assert.deepEqual(repaired('conversations', meta), [meta]);
});

test('whatever one field holds, the record has what the page reads of it, or is dropped', () => {
  const whole = {
    messages: {
      ...newAnswer(5),
      conversation: 'c',
      problem: { message: 'm', code: 'c', retryable: true },
      usage: {},
      firstMs: 1,
      said: 's',
    },
    conversations: { id: 'c', title: 't', at: 1, touched: 2, system: 's' },
  };
  for (const [table, record] of Object.entries(whole)) {
    for (const name of [...Object.keys(record), 'stopReason', 'model']) {
      for (const value of BROKEN) {
        for (const found of repaired(table, { ...record, [name]: value })) {
          assert.equal(typeof (table === 'messages' ? found.text : found.title), 'string', name);
          assert.ok(Number.isFinite(found.at));
          if (table === 'conversations') continue;
          assert.equal(typeof JSON.stringify(found), 'string', name);
          assert.equal(typeof statusOf(found), 'string', name);
          assert.equal(typeof stateOf(found), 'string', name);
          assert.equal(typeof totalOf([found]), 'string', name);
          assert.equal(typeof explain(found), 'string', name);
          assert.ok(Array.isArray(remedies(found)), name);
        }
      }
    }
  }
});

test('a record without an id, a conversation or a role is dropped', () => {
  for (const value of BROKEN) assert.deepEqual(repaired('messages', value), []);
  for (const name of ['id', 'conversation', 'role'])
    assert.deepEqual(
      repaired('messages', { ...newAnswer(1), conversation: 'c', [name]: null }),
      [],
    );
});

test('those that cannot be used are named, each once', () => {
  const broken = new Set();
  const records = [null, 7, { id: 'a' }, { id: 'q', role: 'user', conversation: 'c' }];
  for (let turn = 0; turn < 2; turn += 1)
    assert.deepEqual(
      usable('messages', records, broken).map(({ id }) => id),
      ['q'],
    );
  assert.equal(broken.size, 3);
});

test('broken records leave the others shown and searched', async () => {
  const storage = {
    getItem(key) {
      return this[key];
    },
    setItem(key, value) {
      this[key] = value;
    },
    removeItem(key) {
      delete this[key];
    },
    'claude-sse:conversations:c': JSON.stringify({ id: 'c', title: null, at: 'x', touched: 7 }),
    'claude-sse:conversations:d': 'null',
    'claude-sse:messages:m': JSON.stringify({
      id: 'm',
      role: 'assistant',
      conversation: 'c',
      text: null,
    }),
    'claude-sse:messages:n': JSON.stringify({
      id: 'n',
      role: 'user',
      conversation: 'c',
      n: 1,
      text: 'needle',
    }),
    'claude-sse:messages:o': '{"id":',
  };
  const conversations = new Conversations(localStore(storage));
  await conversations.load();
  assert.deepEqual(
    conversations.metas.map(({ id }) => id),
    ['c'],
  );
  const said = await saidIn(conversations);
  assert.deepEqual(
    said.filter(({ text }) => text).map(({ text }) => text),
    ['needle'],
  );
  assert.equal(await conversations.adopt({ table: 'messages', record: { id: 5 } }), undefined);
  const { messages } = await conversations.open('c');
  assert.deepEqual(
    messages.map(({ id, text }) => [id, text]),
    [
      ['m', ''],
      ['n', 'needle'],
    ],
  );
});

/** All messages that are searched. */
async function saidIn(conversations) {
  const said = [];
  for await (const some of conversations.said()) said.push(...some);
  return said;
}
