// A list or table that grows leaves the text that is lexed, and looks as if it had not.
import assert from 'node:assert/strict';
import test from 'node:test';

import { growthOf } from '../../static/markdown/long-blocks.js';
import { lex } from '../../static/markdown/lexer.js';
import { dice, inside, pieces, rendered, renderer, threeOf, whole } from './markdown-rendering.js';

/** Lines of which lists and tables are made, and that end them. */
const LINES = [
  '',
  'a',
  '  b',
  '- a',
  '-',
  '  - b',
  '* a',
  '1. a',
  '3) b',
  '- [ ] t',
  '```',
  '  ```',
  '> a',
  '---',
  '| a | b |',
  '|---|--:|',
  '[x]: /u',
  '- [x]',
  '  [x]: https://x.example',
  '# h',
  '    c',
].map((line) => `${line}\n`);

function check(lines) {
  const text = lines.join('');
  const [parts, all] = [inside(rendered(lines)), inside(whole(text))];
  if (parts !== all) assert.equal(parts, all, JSON.stringify(text));
}

test('lists and tables of three more lines look the same in parts and as a whole', () => {
  for (const start of ['- a\n- b\n', '2. a\n\n3. b\n', '| a | b |\n|---|--:|\n| 1 | 2 |\n']) {
    for (const lines of threeOf(LINES)) check([start, ...lines]);
  }
});

test('longer documents of such lines look the same in parts and as a whole', () => {
  const random = dice(7);
  for (let n = 0; n < 3000; n++) {
    check(
      Array.from({ length: 4 + random() * 16 }, () => LINES[Math.floor(random() * LINES.length)]),
    );
  }
});

test('a long list or table stands in parts, whatever the split', () => {
  const random = dice(8);
  for (const [start, line, size] of [
    ['', '- item\n', 25],
    ['Steps\n', '3. item\n', 25],
    ['', '- item\n\n', 25],
    ['| a | b |\n|---|--:|\n', '| 1 | 2 |\n', 100],
  ]) {
    for (const count of [size - 1, size, size + 1, 2 * size, 2 * size + 1, 3 * size]) {
      const text = `${start}${line.repeat(count)}${random() < 0.5 ? '' : `${line.slice(0, 4)}\n\n`}word\n`;
      for (const split of [[text], text.match(/.*\n/g), pieces(text, 99, random)]) {
        assert.equal(inside(rendered(split)), inside(whole(text)), `${count} times ${line}`);
      }
      assert.ok(rendered([text]).querySelectorAll('ul, ol, table').length <= 4);
    }
  }
});

test('a list that turns out to be loose is so in all its parts', () => {
  const text = `${'7. item\n'.repeat(60)}\n   more\n8. end\n`;
  const root = rendered(text.match(/.*\n/g));
  assert.equal(inside(root), inside(whole(text)));
  assert.deepEqual(
    [...root.querySelectorAll('ol')].map((list) => [list.getAttribute('start'), list.className]),
    [
      ['7', ''],
      ['32', ''],
      ['57', ''],
    ],
  );
});

test('what is lexed of a long list or table does not become longer', () => {
  for (const [head, line] of [
    ['', '- item **n**\n'],
    ['Steps:\n', '7. item\n\n'],
    ['| a | b |\n|---|---|\n', '| 1 | 2 |\n'],
  ]) {
    const last = lex(head + line.repeat(100)).tokens.findLast(({ type }) => type !== 'space');
    const { length, head: stays } = growthOf(last);
    assert.ok(last.raw.length - length + stays.length < 40);
  }
});

test('a definition that comes later reaches the items and rows that have left', () => {
  const link = (root) =>
    [...root.querySelectorAll('a')].map(({ textContent }) => textContent.split(' ')[0]);
  for (const [lines, found] of [
    ['3. [a]\n4. b\n5. [a]\n6. c\n', ['a', 'a']],
    ['| [a] | b |\n|---|---|\n| 1 | 2 |\n| [a] | 3 |\n', ['a', 'a']],
  ]) {
    const { root, append } = renderer();
    for (const line of lines.match(/.*\n/g)) append(line);
    const [first] = root.querySelectorAll('li, tr');
    append('\nword\n\n[a]: https://a.example\n\nword\n');
    assert.deepEqual(link(root), found);
    assert.equal(root.querySelector('li, tr'), first);
    assert.equal(root.querySelector('ol')?.getAttribute('start') ?? '3', '3');
  }
});

test('an item stays the same element when the next ones come', () => {
  const { root, append } = renderer();
  append('- one\n- two\n- thr');
  const items = [...root.querySelectorAll('li')];
  append('ee\n- four\n\n- five\n');
  assert.deepEqual([...root.querySelectorAll('li')].slice(0, 3), items);
  assert.equal(root.querySelectorAll('li').length, 5);
  assert.equal(root.querySelectorAll('ul.tight').length, 0);
});

test('a paragraph beyond all bounds is plain from there on, in pieces, and whole', () => {
  const text = `${'some words '.repeat(2000)}${'x'.repeat(9000)}`;
  const roots = [
    [text],
    [text.slice(0, 12_345), text.slice(12_345, 20_000), text.slice(20_000)],
    pieces(text, 999, dice(9)),
  ].map((split) => rendered(split));
  for (const root of roots) {
    assert.equal(root.textContent, text);
    assert.equal(inside(root), inside(roots[0]));
    const lengths = [...root.querySelectorAll('.piece')].map(
      ({ textContent }) => textContent.length,
    );
    assert.ok(lengths.length >= 4 && lengths.every((length) => length <= 4200), `${lengths}`);
  }
});
