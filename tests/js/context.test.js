// How full the context is: what Claude counted last, and an estimate of the messages after it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { contextOf } from '../../static/model/context.js';
import { newAnswer, newQuestion } from '../../static/model/message.js';

const EMPTY = { text: '', files: [] };
const question = (text, files) => newQuestion(text, 1, '', files);
const answer = (usage, more) => ({
  ...newAnswer(1),
  text: 'x'.repeat(35),
  ...(usage && { usage }),
  ...more,
});
const context = (messages, draft) => contextOf(messages, { ...EMPTY, ...draft });

test('the counts of the last answer are the context, with the cache and without the thinking', () => {
  const usage = {
    input_tokens: 10,
    cache_creation_input_tokens: 200,
    cache_read_input_tokens: 3000,
    output_tokens: 500,
    thinking_tokens: 100,
  };
  assert.equal(
    context([question('q'), answer({ input_tokens: 7 }), question('q'), answer(usage)]),
    3610,
  );
});

test('what was written since is estimated: questions, answers without counts, and the draft', () => {
  const counted = [question('q'.repeat(700)), answer({ input_tokens: 200, output_tokens: 10 })];
  const since = [question('q'.repeat(70)), answer(undefined)];
  assert.equal(context(counted), 210);
  assert.equal(context([...counted, ...since]), 210 + 20 + 10);
  assert.equal(context(counted, { text: 'q'.repeat(350) }), 310);
  assert.equal(context(counted, { system: 'q'.repeat(350) }), 210);
  assert.equal(context([], { text: 'q'.repeat(350), system: 's'.repeat(35) }), 110);
});

test('counts of an answer that searched do not tell what the next question has', () => {
  const searched = answer({ input_tokens: 90_000, output_tokens: 9, web_search_requests: 3 });
  assert.equal(context([question('q'.repeat(35)), searched]), 20);
});

test('a character of other scripts is about a token', () => {
  assert.equal(context([], { text: '漢'.repeat(100) }), 100);
  assert.equal(context([], { text: 'é'.repeat(35) }), 10);
});

test('files are estimated by what they are', () => {
  const image = { kind: 'image', size: 1, width: 750, height: 100 };
  const pdf = { kind: 'pdf', size: 10, pages: 3 };
  const text = { kind: 'text', size: 350 };
  assert.equal(context([question('', [image])], { files: [pdf, text] }), 100 + 7500 + 100);
  assert.ok(context([], { files: [{ kind: 'pdf', size: 1e6 }] }) >= 20_000);
  assert.ok(context([], { files: [{ kind: 'image', size: 1 }] }) > 1000);
});
