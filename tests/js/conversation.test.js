// The conversation as data: what is stored, what is sent, what the reader can do about an answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { Conversation } from '../../static/model/conversation.js';
import { CONTINUE, explain, remedies, uuid } from '../../static/model/message.js';
import { turnsFrom } from '../../static/model/shortened.js';
import { briefOf, statusOf, totalOf } from '../../static/model/status-text.js';
import { localStore, sharedStore } from '../../static/model/store.js';
import { FakeStorage } from './conversations.js';

/** A conversation on a clock that stands still until it is moved. */
function begin(storage = new FakeStorage()) {
  const clock = { ms: 1_000_000 };
  const conversation = new Conversation(localStore(storage), { id: 'c' }, { now: () => clock.ms });
  return { conversation, clock, storage };
}
async function reloaded(storage) {
  const { conversation } = begin(storage);
  await conversation.load();
  return conversation;
}
/** Give an answer these frames, from the first on. */
function play(conversation, answer, ...frames) {
  for (const data of frames) conversation.apply(answer, answer.lastEventId + 1, data);
}
const ended = [
  { text: '', stop_reason: 'end_turn', usage: { input_tokens: 3, output_tokens: 2 } },
  '[DONE]',
];
const contents = (body) => body.messages.map(({ role, content }) => `${role}: ${content}`);

test('what stands beside the text of an answer changes neither it nor what is sent', async () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('What is new?');
  play(
    conversation,
    answer,
    { text: '', model: 'claude-sonnet-5-5', message: 'msg_1' },
    { text: '', activity: 'web_search', query: 'news' },
    { text: '', sources: [{ url: 'https://example.org/', title: 'News' }] },
    { text: '', activity: 'web_search', failed: 'unavailable' },
    { text: '', signature: 'sig' },
    { text: 'It ' },
    { text: '', citation: { type: 'web_search_result_location', url: 'https://example.org/' } },
    { text: 'is.' },
    { text: '', stop_reason: 'end_turn', usage: { output_tokens: 2, web_search_requests: 1 } },
    '[DONE]',
  );
  assert.equal(answer.state, 'done');
  assert.equal(answer.text, 'It is.');
  const [, next] = conversation.ask('And?');
  assert.deepEqual(contents(conversation.request(next)), [
    'user: What is new?',
    'assistant: It is.',
    'user: And?',
  ]);
});

test('a question is stored before anything is sent', async () => {
  const { conversation, storage } = begin();
  const [question, answer] = conversation.ask('Hi');
  const again = await reloaded(storage);
  assert.deepEqual(again.messages, [question, answer]);
  assert.deepEqual(
    again.open().map(({ id }) => id),
    [answer.id],
  );
});

test('text is stored together with the id of its last frame, twice a second', async () => {
  const { conversation, clock, storage } = begin();
  const [, answer] = conversation.ask('Hi');
  for (let i = 0; i < 100; i++) {
    clock.ms += 20;
    play(conversation, answer, { text: 'x' });
    const kept = (await reloaded(storage)).answer(answer.id);
    assert.equal(kept.text.length, kept.lastEventId);
    assert.ok(answer.text.length - kept.text.length <= 25);
  }
  assert.ok(storage.writes.length < 12, `${storage.writes.length} writes in two seconds`);
  play(conversation, answer, { text: 'last' });
  conversation.flush();
  assert.ok((await reloaded(storage)).answer(answer.id).text.endsWith('last'));
});

test('a growing answer is the only record that is written', () => {
  const { conversation, clock, storage } = begin();
  conversation.ask('one');
  const [, answer] = conversation.ask('two');
  storage.writes.length = 0;
  clock.ms += 1000;
  play(conversation, answer, { text: 'x' });
  assert.deepEqual(storage.writes, [`claude-sse:messages:${answer.id}`]);
});

test('two tabs that write to one store keep both their questions', async () => {
  const { conversation: one, storage } = begin();
  const { conversation: two } = begin(storage);
  one.ask('one');
  two.ask('two');
  one.ask('three');
  const texts = (await reloaded(storage)).all
    .filter(({ role }) => role === 'user')
    .map(({ text }) => text);
  assert.deepEqual(texts.sort(), ['one', 'three', 'two']);
});

test('unreadable records do not keep the page from starting', async () => {
  const { conversation, storage } = begin();
  const [question] = conversation.ask('Hi');
  storage.setItem(`claude-sse:messages:${question.id}`, '{');
  assert.equal((await reloaded(storage)).messages.length, 1);
});

test('a failing store is reported, and the conversation goes on', async () => {
  const failures = [];
  const heard = [];
  const full = {
    write: () => {
      throw new Error('full');
    },
  };
  const store = sharedStore(
    full,
    { postMessage: (changes) => heard.push(...changes.map(({ table }) => table)) },
    (error) => failures.push(error.message),
  );
  const conversation = new Conversation(store, { id: 'c' });
  conversation.ask('Hi');
  await null;
  assert.deepEqual(failures, ['full']);
  assert.deepEqual(heard, ['messages', 'messages'], 'the other tabs know it all the same');
  assert.equal(conversation.messages.length, 2);
});

test('frames that were applied before change nothing; unknown keys are ignored', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('Hi');
  conversation.apply(answer, 1, { text: '', model: 'm', message: 'msg_1', more: {} });
  conversation.apply(answer, 2, { text: 'a' });
  conversation.apply(answer, 2, { text: 'a' });
  conversation.apply(answer, 1, { text: 'a' });
  assert.equal(answer.text, 'a');
  assert.equal(answer.model, 'm');
});

test('an answer goes through waiting, retrying, thinking and writing to done', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('Hi');
  const said = [];
  const frames = [
    { text: '', model: 'm' },
    { text: '', waiting: 2.5, code: 'overloaded' },
    { text: '', thinking: 'Hm' },
    { text: 'Hel' },
    { text: 'lo' },
    ...ended,
  ];
  for (const data of frames) {
    said.push(statusOf(answer));
    play(conversation, answer, data);
  }
  assert.deepEqual(said, [
    'Waiting for Claude…',
    'Waiting for Claude…',
    'Claude is busy, trying again in 3 s…',
    'Thinking…',
    'Writing…',
    'Writing…',
    'Writing…',
  ]);
  assert.deepEqual([answer.state, answer.thinking, answer.text], ['done', 'Hm', 'Hello']);
  assert.equal(statusOf(answer), 'Done · first word 0.0 s · m · 3 tokens in, 2 out');
  assert.equal(briefOf(answer), 'm · 0.0 s');
  assert.equal(
    briefOf({ ...answer, stopReason: 'max_tokens', rough: true }),
    'Cut off at the length limit · m · ≈ 0.0 s',
  );
  assert.equal(briefOf({ ...answer, model: undefined, lastMs: undefined }), 'Done');
});

test('the cost counts cached input, and says what is only estimated', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('Hi');
  const usage = {
    input_tokens: 1000,
    cache_read_input_tokens: 234,
    output_tokens: 5,
    thinking_tokens: 2,
    estimated: true,
  };
  play(conversation, answer, { text: 'x' }, { text: '', stop_reason: 'stopped', usage }, '[DONE]');
  assert.equal(answer.state, 'stopped');
  assert.equal(
    statusOf(answer),
    'Stopped · first word 0.0 s · ≈ 1,234 tokens in (234 cached), ≈ 5 out (2 thinking)',
  );
});

test('an error keeps the text, and its problem says what happened', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('Hi');
  play(
    conversation,
    answer,
    { text: 'half' },
    {
      error: 'It broke.',
      code: 'interrupted',
      retryable: true,
      request_id: 'req_1',
      usage: { output_tokens: 1 },
    },
  );
  assert.equal(answer.text, 'half');
  assert.equal(answer.state, 'interrupted');
  assert.deepEqual(answer.problem, {
    message: 'It broke.',
    code: 'interrupted',
    retryable: true,
    requestId: 'req_1',
  });
});

test('a request consists of alternating turns that say something', () => {
  const { conversation } = begin();
  const [, one] = conversation.ask('one');
  play(conversation, one, { text: 'answer' }, ...ended);
  const [, two] = conversation.ask('two');
  play(conversation, two, { error: 'No.', code: 'overloaded', retryable: true });
  const [, three] = conversation.ask('three');
  play(
    conversation,
    three,
    { text: ' \n' },
    { error: 'No.', code: 'interrupted', retryable: true },
  );
  const [, four] = conversation.ask('half \ud83d');
  assert.deepEqual(contents(conversation.request(one)), ['user: one']);
  assert.deepEqual(contents(conversation.request(four)), [
    'user: one',
    'assistant: answer',
    'user: two\n\nthree\n\nhalf \ufffd',
  ]);
});

test('the request for an answer is always the same, byte for byte, also after a reload', async () => {
  const { conversation, storage } = begin();
  play(conversation, conversation.ask('one')[1], { text: 'é\u2028🌍' }, ...ended);
  const [, answer] = conversation.ask('two');
  const again = await reloaded(storage);
  assert.equal(
    JSON.stringify(again.request(again.answer(answer.id))),
    JSON.stringify(conversation.request(answer)),
  );
});

test('retry asks the same question under a new id; text that has arrived is another version', () => {
  const { conversation } = begin();
  const [question, first] = conversation.ask('one');
  conversation.accept(first);
  play(
    conversation,
    first,
    { text: 'half' },
    { error: 'No.', code: 'interrupted', retryable: true },
  );
  const second = conversation.retry(first);
  assert.notEqual(second.id, first.id);
  assert.deepEqual(conversation.messages, [question, second]);
  assert.deepEqual(conversation.versions(second), [first, second]);
  assert.deepEqual(contents(conversation.request(second)), ['user: one']);

  play(conversation, second, { error: 'No.', code: 'overloaded', retryable: true });
  const third = conversation.retry(second);
  assert.deepEqual(conversation.all, [question, first, third], 'one without a word gives way');
});

test('retry keeps the id where the server was never reached: it may have started all the same', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('one');
  conversation.fail(answer, { message: 'No.', code: 'no_connection', status: 0, retryable: true });
  assert.equal(conversation.retry(answer), answer);
  assert.equal(answer.state, 'streaming');
  conversation.fail(answer, { message: 'No.', code: 'busy', status: 503, retryable: true });
  assert.notEqual(conversation.retry(answer).id, answer.id);
});

test('a question without an answer can be taken back; one beside a half answer cannot', async () => {
  const { conversation, storage } = begin();
  const [question, answer] = conversation.ask('one');
  assert.ok(conversation.canWithdraw(answer));
  assert.equal(conversation.withdraw(answer), question);
  assert.deepEqual((await reloaded(storage)).messages, []);

  const [, first] = conversation.ask('two');
  conversation.accept(first);
  play(
    conversation,
    first,
    { text: 'half' },
    { error: 'No.', code: 'interrupted', retryable: true },
  );
  const second = conversation.retry(first);
  assert.ok(!conversation.canWithdraw(first) && !conversation.canWithdraw(second));
  assert.equal(conversation.questionOf(second).text, 'two');
  assert.ok(!conversation.canWithdraw(conversation.ask(CONTINUE)[1]));
});

test('frames for a deleted answer are not stored', async () => {
  const { conversation, clock, storage } = begin();
  const [, answer] = conversation.ask('Hi');
  conversation.withdraw(answer);
  clock.ms += 1000;
  play(conversation, answer, { text: 'late' }, ...ended);
  conversation.flush();
  assert.deepEqual(Object.keys(storage), []);
});

test('each end offers the steps that help', () => {
  const offered = (changes, text = '') => {
    const { conversation } = begin();
    const [, answer] = conversation.ask('Hi');
    return remedies(Object.assign(answer, { text }, changes)).join(' ');
  };
  const error = (code, retryable = false) => ({
    state: 'error',
    problem: { message: '', code, retryable },
  });
  assert.equal(offered({}), '');
  assert.equal(offered({ phase: 'lost' }, 'half'), 'reconnect');
  assert.equal(offered({ state: 'done', stopReason: 'end_turn' }, 'all'), '');
  assert.equal(offered({ state: 'done', stopReason: 'max_tokens' }, 'half'), 'continue');
  assert.equal(offered({ state: 'done', stopReason: 'refusal' }), 'edit');
  assert.equal(
    offered({ state: 'done', stopReason: 'model_context_window_exceeded' }, 'half'),
    'new',
  );
  assert.equal(offered({ state: 'stopped' }), 'retry');
  assert.equal(offered({ state: 'stopped' }, 'half'), 'continue retry');
  assert.equal(offered({ stopping: true }, 'half'), '');
  assert.equal(offered({ state: 'interrupted' }, 'half'), 'continue retry');
  assert.equal(offered(error('overloaded', true)), 'retry');
  assert.equal(offered(error('overloaded', true), 'half'), 'continue retry');
  for (const code of ['authentication', 'no_key', 'model_not_found', 'billing'])
    assert.equal(offered(error(code)), 'retry');
  for (const code of ['too_long', 'rejected', 'bad_request'])
    assert.equal(offered(error(code)), 'edit');
});

test('ids are version 4 UUIDs', () => {
  const ids = new Set(Array.from({ length: 1000 }, uuid));
  assert.equal(ids.size, 1000);
  for (const id of ids)
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('speed is what the page has measured, and an estimate after a lost connection', () => {
  const { conversation, clock } = begin();
  const [, answer] = conversation.ask('Hi');
  clock.ms += 500;
  play(conversation, answer, { text: '', thinking: 'Hm' });
  clock.ms += 2000;
  play(conversation, answer, { text: 'one two three ' });
  clock.ms += 1000;
  play(conversation, answer, { text: 'four five six seven eight nine ten' }, ...ended);
  assert.equal(answer.thoughtMs, 2000);
  assert.match(statusOf(answer), /^Done · first word 2\.5 s · 10 words\/s · 3 tokens in, 2 out$/);
  answer.rough = true;
  assert.match(statusOf(answer), /first word ≈ 2\.5 s · ≈ 10 words\/s/);
  assert.equal(
    totalOf([answer, { usage: { input_tokens: 1, output_tokens: 1, estimated: true } }]),
    '≈ 4 tokens in, 3 out so far',
  );
});

test('an unusual end is explained in a sentence', () => {
  for (const stopReason of ['max_tokens', 'refusal', 'model_context_window_exceeded']) {
    assert.match(explain({ state: 'done', stopReason, text: 'x' }), /\.$/);
  }
  assert.equal(explain({ state: 'done', stopReason: 'end_turn', text: 'x' }), '');
});

test('what another tab writes is taken over, but never an older text', () => {
  const { conversation } = begin();
  const [, answer] = conversation.ask('Hi');
  play(conversation, answer, { text: 'a' }, { text: 'b' });
  conversation.adopt({ ...answer, text: 'a', lastEventId: 1 });
  assert.equal(answer.text, 'ab');
  conversation.adopt({ ...answer, text: 'abc', lastEventId: 3 });
  assert.equal(answer.text, 'abc');
  assert.equal(conversation.adopt({ role: 'user', id: 'x', text: 'new', n: 2_000_000 }).id, 'x');
  assert.equal(conversation.messages.at(-1).id, 'x');
});

test('a clock that is set changes no duration and no date but its own', () => {
  const clock = { now: 5_000, date: 1_000_000 };
  const options = { now: () => clock.now, date: () => clock.date };
  const conversation = new Conversation(localStore(new FakeStorage()), { id: 'c' }, options);
  for (const jump of [-3_600_000, 3_600_000, 1e12]) {
    const [question, answer] = conversation.ask('Hi');
    assert.equal(question.at, clock.date);
    clock.date += jump;
    clock.now += 2_000;
    play(conversation, answer, { text: 'one' });
    clock.now += 1_000;
    play(
      conversation,
      answer,
      { text: ' two' },
      { error: 'Busy.', retry_after: 4, retryable: true },
    );
    assert.deepEqual([answer.firstMs, answer.lastMs], [2_000, 3_000]);
    assert.equal(answer.problem.retryAt, clock.now + 4_000);
  }
  const places = conversation.messages.map(({ n }) => n);
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
  );
});

test('the last turns are those that take half as much, beginning with a question', () => {
  const { conversation } = begin();
  for (const text of ['a', 'b', 'c']) {
    const [, answer] = conversation.ask(text.repeat(2_000));
    play(conversation, answer, { text: text.toUpperCase() }, ...ended);
  }
  const [question, answer] = conversation.ask('d');
  const from = turnsFrom(conversation.sent(answer));
  conversation.withdraw(answer);
  const [, again] = conversation.ask('d', {}, { from });
  assert.deepEqual(contents(conversation.request(again)), [
    `user: ${'c'.repeat(2_000)}`,
    'assistant: C',
    'user: d',
  ]);
  play(conversation, again, { text: 'D' }, ...ended);
  const [, later] = conversation.ask('e');
  assert.equal(conversation.request(later).messages.length, 5, 'they stay the beginning');
  assert.match(statusOf({ ...later, state: 'done' }), /with the last turns only/);
  assert.equal(turnsFrom([question]), undefined, 'nothing can be left out');
  const alone = turnsFrom([...conversation.sent(later), { ...question, text: 'x'.repeat(9_000) }]);
  const [, last] = conversation.ask('x', {}, { from: alone });
  assert.deepEqual(contents(conversation.request(last)), ['user: x']);
});
