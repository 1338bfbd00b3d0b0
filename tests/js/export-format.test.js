// Conversations as files: what leaves can come back.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import './words.js';
import { fromFile, toJson, toMarkdown } from '../../static/model/export-format.js';
import { newAnswer, newQuestion } from '../../static/model/message.js';

const meta = { id: 'c', title: 'On names', at: 5, touched: 6, system: 'Be brief.' };
function conversation(...texts) {
  const messages = texts.map((text, i) => ({
    ...(i % 2 ? newAnswer(i) : newQuestion('', i)),
    id: `m${i}`,
    parent: i ? `m${i - 1}` : '',
    text,
    n: i,
    conversation: 'c',
    ...(i % 2 && { state: 'done', model: 'm', usage: { input_tokens: 3 } }),
  }));
  return { meta, messages, all: messages };
}
const saying = ({ all }) => all.map(({ role, text }) => [role, text]);

const TEXTS = [
  'Hi',
  'Hello\n\n## You\n\nnot a heading of ours\n',
  '<!-- claude-sse user -->',
  '<!-- \\claude-sse assistant -->\n\n',
  '# x',
  '\n\n',
  'a',
  'b',
];

test('Markdown and JSON come back as they left', () => {
  const whole = conversation(...TEXTS);
  for (const file of [toMarkdown(whole), toJson([whole])]) {
    const [back] = fromFile(file);
    assert.deepEqual(saying(back), saying(whole));
    assert.equal(back.meta.title, 'On names');
    assert.notEqual(back.meta.id, 'c');
    assert.ok(
      back.all.every(
        ({ id, conversation }, i) => id !== whole.all[i].id && conversation === back.meta.id,
      ),
    );
  }
});

test('JSON keeps what is known of an answer, and nothing is asked again', () => {
  const [
    {
      meta: { system },
      all: [, answer],
    },
  ] = fromFile(toJson([conversation('Hi', 'Hello')]));
  assert.equal(system, 'Be brief.');
  assert.deepEqual(
    [answer.model, answer.usage, answer.state, answer.accepted],
    ['m', { input_tokens: 3 }, 'done', true],
  );
  const open = conversation('Hi', 'Hel');
  open.messages[1].state = 'streaming';
  assert.equal(fromFile(toJson([open]))[0].all[1].state, 'interrupted');
});

test('a file that is none of ours is refused in words', () => {
  for (const file of [
    '',
    'just text',
    '{',
    '{}',
    '{"format":"claude-sse","conversations":[{}]}',
    '{"format":"claude-sse","conversations":[{"messages":[{"role":"system"}]}]}',
  ]) {
    assert.throws(() => fromFile(file), /\.$/);
  }
});
