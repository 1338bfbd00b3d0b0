// Answers that are followed to their end, also where something fails that never should.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import './words.js';
import { AnswerRunner } from '../../static/app/answer-runner.js';
import { Conversation } from '../../static/model/conversation.js';
import { remedies } from '../../static/model/message.js';
import { localStore } from '../../static/model/store.js';
import { FakeStorage } from './conversations.js';
import { settle } from './fake-time.js';

globalThis.document = { baseURI: 'http://localhost/' };
const broken = () => {
  throw new TypeError('broken');
};

/** What was told to the console. @type {Error[]} */
let told;
beforeEach((t) => {
  told = [];
  t.mock.method(console, 'error', (error) => told.push(error));
});

/** A server that answers with these frames. */
function serve(t, ...frames) {
  const text = frames.map((data, i) => `id: ${i + 1}\ndata: ${data}\n\n`).join('');
  t.mock.method(globalThis, 'fetch', async () => {
    return new Response(text, { headers: { 'Content-Type': 'text/event-stream' } });
  });
}

/** A question, and the runner of its answer; `released` counts the locks and slots that were given back. */
function begin(options = {}, store = localStore(new FakeStorage())) {
  const conversation = new Conversation(store, { id: 'c' });
  const [, answer] = conversation.ask('Hi');
  const counts = { acquired: 0, released: 0 };
  const acquire = async () => {
    counts.acquired += 1;
    return () => (counts.released += 1);
  };
  const runner = new AnswerRunner({
    streams: '/streams/',
    wake: new EventTarget(),
    locks: { acquire },
    slots: { acquire },
    isSeen: () => true,
    onChange: () => {},
    onRuns: () => {},
    onSignedOut: () => {},
    onRejected: async () => false,
    ...options,
  });
  return { conversation, answer, runner, counts };
}

const WHOLE = ['{"text":"Hello"}', '[DONE]'];
const REFUSED = async () => Response.json({ error: 'No.', code: 'invalid' }, { status: 400 });

test('an answer that something unforeseen breaks ends with a sentence and a button', async (t) => {
  const cases = {
    'the lock': [{ locks: { acquire: async () => broken() } }],
    'the slot': [{ slots: { acquire: async () => broken() } }],
    'what is sent': [{}, (conversation) => (conversation.request = broken)],
    'a frame': [{}, (conversation) => (conversation.apply = broken)],
    'a refusal': [{ onRejected: async () => broken() }, () => (globalThis.fetch = REFUSED)],
    'the sign-in': [
      { onSignedOut: broken },
      () =>
        (globalThis.fetch = async () =>
          Response.json({ error: '', code: 'sign_in' }, { status: 401 })),
    ],
  };
  for (const [name, [options, spoil]] of Object.entries(cases)) {
    serve(t, ...WHOLE);
    told = [];
    const { conversation, answer, runner, counts } = begin(options);
    spoil?.(conversation);
    await runner.run(conversation, answer, true);
    await settle();
    assert.equal(answer.state, 'error', name);
    assert.match(answer.problem.message, /^Something went wrong in this page/, name);
    assert.deepEqual(remedies(answer), ['retry'], name);
    assert.deepEqual(runner.busy, new Set(), name);
    assert.equal(told[0].message, 'broken', name);
    assert.equal(counts.released, counts.acquired, name);
  }
});

test('an answer that cannot be shown is received to its end', async (t) => {
  serve(t, ...WHOLE);
  const { conversation, answer, runner } = begin({ onChange: broken, onRuns: broken });
  await runner.run(conversation, answer, true);
  assert.deepEqual([answer.state, answer.text], ['done', 'Hello']);
  assert.equal(told[0].message, 'broken');
});

test('what fails after the end of an answer does not change how it ended', async (t) => {
  serve(t, '{"error":"Too long.","code":"too_long"}');
  const { conversation, answer, runner } = begin({ onRejected: async () => broken() });
  await runner.run(conversation, answer, true);
  assert.deepEqual([answer.state, answer.problem.message], ['error', 'Too long.']);
  assert.equal(told.length, 1);
});

test('an answer is stopped although its terminal frames cannot be applied', async (t) => {
  serve(t, ...WHOLE);
  const { conversation, answer, runner } = begin();
  conversation.update(answer, { accepted: true, stopping: true });
  const frames = globalThis.fetch;
  t.mock.method(globalThis, 'fetch', async (url, { method }) =>
    method === 'DELETE' ? Response.json({ ended: true, last_event_id: 9 }) : frames(),
  );
  conversation.apply = broken;
  runner.resume(conversation);
  for (let n = 0; n < 50 && answer.state === 'streaming'; n += 1)
    await new Promise((go) => setTimeout(go, 10));
  assert.deepEqual([answer.state, answer.stopping], ['stopped', false]);
  assert.equal(told[0].message, 'broken');
});

test('a tab that is next does not follow what was followed to its end, though it has not heard', async (t) => {
  serve(t, ...WHOLE);
  const store = localStore(new FakeStorage());
  let free = (_release) => {};
  const acquire = () => new Promise((granted) => (free = granted));
  const runs = [];
  const onRuns = () => runs.push(...next.runner.followed);
  const next = begin({ locks: { acquire }, onRuns }, store);
  const other = new Conversation(store, { id: 'c' });
  await other.load();
  next.runner.resume(next.conversation);
  await settle();
  const written = other.messages.at(-1);
  other.apply(written, 1, { text: 'Hello' });
  other.apply(written, 2, '[DONE]');
  free(() => {});
  await settle();
  assert.deepEqual([next.answer.state, next.answer.text], ['done', 'Hello']);
  assert.equal(globalThis.fetch.mock.callCount(), 0);
  assert.deepEqual([runs, next.runner.busy], [[], new Set()]);
});

test('a tab that is next sends no question that was taken back or stopped, though it has not heard', async (t) => {
  for (const what of ['taken back', 'stopped']) {
    serve(t, ...WHOLE);
    const frames = globalThis.fetch;
    const asked = [];
    t.mock.method(globalThis, 'fetch', async (url, { method = 'GET' }) => {
      asked.push(method);
      return method === 'DELETE' ? Response.json({ ended: true, last_event_id: 0 }) : frames();
    });
    const store = localStore(new FakeStorage());
    let free = (_release) => {};
    const acquire = () => new Promise((granted) => (free = granted));
    const next = begin({ locks: { acquire } }, store);
    const other = new Conversation(store, { id: 'c' });
    await other.load();
    next.runner.resume(next.conversation);
    await settle();
    const [question, written] = other.messages;
    if (what === 'stopped') other.update(written, { stopping: true });
    else other.withdraw(written);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    free(() => {});
    await settle();
    if (what === 'taken back') for (const { id } of [question, written]) next.conversation.drop(id);
    t.mock.timers.tick(1_000);
    t.mock.timers.reset();
    await settle();
    assert.deepEqual(asked, what === 'stopped' ? ['DELETE'] : []);
    assert.equal(next.conversation.all.length, what === 'stopped' ? 2 : 0);
  }
});
