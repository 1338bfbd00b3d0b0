// An answer costs no more than it is long, and is drawn at a pace that leaves the page time for all else.
import assert from 'node:assert/strict';
import test from 'node:test';

import { createRenderer } from '../../static/markdown/renderer.js';
import { BlockParser } from '../../static/markdown/parser/blocks.js';
import { ANSWER, blocksIn, document, rendered } from './markdown-rendering.js';

/** 200,000 characters as Claude writes them. */
const LONG = Array.from({ length: 400 }, (_, i) => ANSWER.replaceAll('design', `design${i}`))
  .join('\n\n')
  .slice(0, 200_000);

/** Do this and see how many characters are lexed each time. */
function whileLexing(see, run) {
  const { parse } = BlockParser.prototype;
  BlockParser.prototype.parse = function () {
    parse.call(this);
    see(this.at);
  };
  try {
    return run();
  } finally {
    BlockParser.prototype.parse = parse;
  }
}

/** How many characters are lexed for this text when it comes in pieces of this size. */
function lexedFor(text, size) {
  let count = 0;
  whileLexing(
    (length) => (count += length),
    () => rendered(text.match(new RegExp(`[^]{1,${size}}`, 'g'))),
  );
  return count;
}

test('twice the text costs twice the lexing, not four times', () => {
  const { length } = process.env.CLAUDE_SSE_TEST_ALL ? LONG : LONG.slice(0, 60_000);
  const half = lexedFor(LONG.slice(0, length / 2), 80);
  const all = lexedFor(LONG.slice(0, length), 80);
  assert.ok(all < 2.3 * half, `${all} characters lexed against ${half}`);
  assert.ok(all < 20 * length, `${all} characters lexed for ${length}`);
});

test('an open fence is not lexed at all', () => {
  const code = `\`\`\`\n${'let a = 1;\n'.repeat(10_000)}`;
  assert.ok(lexedFor(code, 50) < 1000);
});

test('a list that arrives whole is lexed a few times, however long', () => {
  const list = '- an item of the list\n'.repeat(5000);
  assert.ok(lexedFor(list, list.length) < 8 * list.length);
});

/** A renderer in a time of our own, in which lexing takes `cost` ms. */
function timed(cost) {
  let time = 0;
  const due = [];
  const drawn = [];
  const root = document.createElement('div');
  const view = createRenderer(root, {
    now: () => time,
    schedule: (draw, delay) => due.push({ at: time + Math.max(delay, 16), draw }),
    onDraw: () => drawn.push(time),
  });
  const costing = (run) => whileLexing(() => (time += cost), run);
  const pass = (ms) => {
    for (const end = time + ms; ;) {
      const next = due.findIndex(({ at }) => at <= end);
      if (next < 0) return void (time = Math.max(time, end));
      const [{ at, draw }] = due.splice(next, 1);
      time = Math.max(time, at);
      costing(draw);
    }
  };
  return { view, root, due, drawn, pass, costing, elapsed: () => time };
}

test('drawing takes a quarter of the time at most', () => {
  const { view, drawn, pass, elapsed } = timed(30);
  for (let n = 0; n < 200; n++) {
    view.append(' word');
    pass(16);
  }
  const share = (drawn.length * 30) / elapsed();
  assert.ok(share > 0.2 && share < 0.27, `${share} of the time`);
});

test('a quick drawing waits for nothing but the next frame', () => {
  const { view, drawn, pass } = timed(0);
  for (let n = 0; n < 50; n++) {
    view.append('word ');
    pass(16);
  }
  assert.equal(drawn.length, 50);
});

test('what comes while a frame is made is drawn into it, unless a rest is due', () => {
  const { view, root, due, pass, costing } = timed(30);
  costing(() => view.append('one', true));
  assert.deepEqual([root.textContent, due.length], ['one', 0]);
  costing(() => view.append(' two', true));
  assert.deepEqual([root.textContent, due.length], ['one', 1]);
  pass(100);
  assert.equal(root.textContent, 'one two');
});

test('text that arrives while nothing is drawn is drawn immediately when asked for', () => {
  const { view, root, due } = timed(0);
  for (let n = 0; n < 50; n++) view.append('word\n\n');
  assert.equal(due.length, 1);
  assert.equal(root.children.length, 0);
  view.flush();
  assert.equal(blocksIn(root).length, 50);
});

test('a long history is drawn in several frames', () => {
  let time = 0;
  const due = [];
  const root = document.createElement('div');
  const view = createRenderer(root, { now: () => (time += 5), schedule: (draw) => due.push(draw) });
  view.append('paragraph\n\n'.repeat(20_000));
  view.finish();
  let frames = 0;
  for (; due.length; frames++) due.shift()();
  assert.ok(frames > 3, `${frames} frames`);
  assert.equal(blocksIn(root).length, 20_000);
});
