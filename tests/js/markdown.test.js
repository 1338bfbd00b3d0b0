// However an answer arrives, it looks the same.
import assert from 'node:assert/strict';
import test from 'node:test';

import './words.js';
import { sourceOfCode } from '../../static/markdown/code-block.js';
import {
  ANSWER,
  blocksIn,
  dice,
  inside,
  pieces,
  rendered,
  renderer,
  shape,
  SPEC,
  whole,
} from './markdown-rendering.js';

const lines = (text) => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

function sameInAnySplit(text, random, times) {
  const expected = inside(whole(text));
  const splits = [[text], [...text], lines(text)];
  for (let n = 0; n < times; n++)
    splits.push(pieces(text, 2 ** (1 + Math.floor(random() * 7)), random));
  for (const split of splits)
    assert.equal(inside(rendered(split)), expected, JSON.stringify(split));
}

test('an answer with every construct looks the same in any split', () => {
  sameInAnySplit(ANSWER, dice(2), 20);
});

test('every example of the CommonMark specification looks the same in any split', () => {
  const random = dice(3);
  for (const markdown of SPEC) sameInAnySplit(markdown, random, 1);
});

test('documents of ambiguous scraps look the same in any split', () => {
  const random = dice(4);
  const scraps = [
    '\n',
    '\n',
    '\n\n',
    ' ',
    '    ',
    '- ',
    '1. ',
    '> ',
    '```',
    '~~~\n',
    '`',
    '*',
    '**',
    '_',
    '[x]',
    '[y]: /v\n',
    '[x]: https://x.example\n',
    '[',
    '](https://a.example)',
    '| a | b |\n|--|--|\n',
    '|',
    '---\n',
    '# ',
    'word',
    '&amp;',
    '&',
    '<b>',
    '\r\n',
    '\r',
    '\\',
    '- [ ] ',
    '"t"',
    '===\n',
    'https://e.example/x',
    '\u00e9',
    '\u{1f600}',
  ];
  for (let n = 0; n < 500; n++) {
    const text = Array.from(
      { length: 3 + random() * 30 },
      () => scraps[Math.floor(random() * scraps.length)],
    ).join('');
    sameInAnySplit(text, random, 1);
  }
});

function sameAtEveryMoment(text, step = 1) {
  const { root, append } = renderer();
  for (let end = 1; end <= text.length; end++) {
    append(text[end - 1]);
    if (end % step) continue;
    const atOnce = renderer();
    atOnce.append(text.slice(0, end));
    assert.equal(inside(root), inside(atOnce.root), JSON.stringify(text.slice(0, end)));
  }
}

test('at every moment an answer looks as if its text so far had arrived whole', () =>
  sameAtEveryMoment(ANSWER, 7));

test('a definition that is still arriving leads nowhere else than to its part received', () => {
  sameAtEveryMoment(
    '- see [a]\n- and\n\n  [a]: https://a.example/b "t"\n- end\n\n[a]: https://b.example\n',
  );
});

for (const [why, text] of [
  ['an item joins its list when its dot arrives', '1. a\n\n2. b'],
  [
    'a half-arrived definition does not leave its link behind',
    'footnote[^1]\n\n[^1]: https://a.example/b and more',
  ],
  ['a task stays one when its list turns out to be loose', '- [ ] x\n- [x] y\n\n- z'],
  ['a line that begins like a closing fence is code in the end', '```\na\n``` b\n```\n\nend'],
  ['a closing fence is never shown as code', '```\na\n```'],
  ['an indented fence takes its indentation from its lines', '  ```\n  a\n b\n    c\n  ```\n'],
  ['a fence of tildes does not', '  ~~~\n  a\n  ~~~\n'],
  ['a fence right after a paragraph', 'Like so:\n```py\na\n\n```\nand on'],
  ['an empty fence', '```\n```\n'],
  ['a fence with blank lines only', '```\n\n\n```\n'],
  ['a fence that never closes', '```js\nlet a;\n  '],
  ['CR LF', 'a\r\n\r\n- b\r\n\r\n```\r\nc\r\n```\r\n'],
  [
    'a reference that is defined after the cut',
    '[a] [b][c]\n\n> [a]\n\ntext\n\n[a]: https://a.example\n\n[C]: https://c.example\n\nend',
  ],
  [
    'the first definition of a label holds',
    '[a]\n\n[a]: https://first.example\n\n[a]: https://second.example\n\n[a]',
  ],
  ['a definition in a quote counts', '[a]\n\n> [a]: https://a.example\n\nend'],
  [
    'the head of a table mentions what is defined after its rows',
    '| a[^n] | [q] | b |\n|---|---|---|\n| b |\n| c |\n| d |\n\n[^n]: x\n[q]: https://q.example\n',
  ],
  ['a display that is none after a lazy line of an item', '- x\n\\[\n\n- y\n'],
  ['a display that is none after a lazy line of a quotation', '> x\n$$\n\ny\n'],
  ['a list whose first item has no letters but those of a footnote', '* 2[^n]\n* d\n\n[^n]: x\n'],
  [
    'a footnote in an emphasis that is too long to be held back',
    `[^n]: y\n\n**${'long '.repeat(80)}[^n] and on** end`,
  ],
  ['a label over two lines', '[a\nb]\n\nx\n\n[a b]: https://a.example\n'],
]) {
  test(`in any split: ${why}`, () => sameInAnySplit(text, dice(5), 10));
}

test('an item of a tight list and of a loose one differ in nothing but the class of the list', () => {
  const [tight, loose] = ['- [ ] x\n- y\n', '- [ ] x\n\n- y\n'].map((text) =>
    rendered([text]).querySelector('ul'),
  );
  assert.equal(shape(tight).replace('class="tight" ', ''), shape(loose));
  assert.equal(tight.querySelector('li > p').textContent, '☐ x');
});

test('a definition touches only the blocks that mention it', () => {
  const { root, append } = renderer();
  append('[a]\n\n[b]\n\nc\n\n');
  const [a, b, c] = blocksIn(root);
  const texts = [b.firstChild, c.firstChild];
  append('[a]: https://a.example\n\nend\n\n');
  assert.equal(a.querySelector('a').textContent, 'a a.example');
  assert.deepEqual(
    blocksIn(root)
      .slice(1, 3)
      .map(({ firstChild }) => firstChild),
    texts,
  );
});

test('a link with its place stands in one line with what ends its sentence, and keeps its node', () => {
  const { root, append, finish } = renderer();
  append('see [a](https://a.example/x)) so ');
  const link = root.querySelector('a');
  assert.ok(link);
  append('and [b](https://b.example), https://c.example.');
  finish();
  assert.equal(root.querySelector('a'), link);
  const kept = [...root.querySelectorAll('.kept')].filter((node) => !node.closest('a'));
  assert.deepEqual(
    kept.map(({ textContent }) => textContent),
    ['a a.example)', 'b b.example,'],
  );
});

test('what is settled keeps its nodes, and text that grows keeps its node', () => {
  const { root, append } = renderer();
  append('# Title\n\n- one\n- tw');
  const now = () => [
    blocksIn(root)[0],
    root.querySelector('li'),
    root.querySelectorAll('li')[1].querySelector('p').firstChild,
  ];
  const nodes = now();
  append('o\n\n');
  append('  loose\n\nend');
  assert.deepEqual(now(), nodes);
});

test('code is shown in blocks of 4,000 characters, and copied as it was written', () => {
  const code = Array.from({ length: 1234 }, (_, i) =>
    i % 100 === 99 ? '' : `line ${i} of a long program, and whatever else it says`,
  ).join('\n');
  const random = dice(6);
  for (const open of ['```\n', 'before\n```py\n', '- ```\n']) {
    const source = open.startsWith('-') ? code.replace(/^(?=.)/gm, '  ') : code;
    const root = rendered(
      pieces(`${open}${source}\n${open.startsWith('-') ? '  ' : ''}\`\`\`\n`, 400, random),
    );
    const chunks = [...root.querySelectorAll('code > span')];
    assert.equal(sourceOfCode(root.querySelector('[data-action=copy-code]')), code);
    assert.ok(chunks.length >= 12);
    for (const chunk of chunks) {
      assert.ok(chunk.textContent.length < 5000);
      assert.doesNotMatch(chunk.textContent, /\n$/); // a block's last newline makes no line
    }
  }
});

test('each finished block of code with a language is offered for highlighting once', () => {
  const seen = [];
  const { append, finish } = renderer({
    highlight: (code, language) => seen.push([language, code.textContent]),
  });
  append('```js\nlet a;\n');
  assert.deepEqual(seen, []);
  append('```\n');
  assert.deepEqual(seen, [['js', 'let a;']]);
  append(
    '\n- x\n  ```py\n  b\n  ```\n- [z]\n\n```\nplain\n```\n\n    [z]\n\n[z]: https://z.example\n\n```c\nopen',
  );
  finish();
  assert.deepEqual(seen.slice(1), [
    ['py', 'b'],
    ['c', 'open'],
  ]);
});

test('the page has the blocks in parts of 50, in any split', () => {
  const text = '# a\n\nb\n\n- c\n\n'.repeat(60);
  for (const split of [[text], [...text], lines(text)]) {
    const parts = [...rendered(split).children];
    assert.deepEqual(
      parts.map(({ localName, childElementCount }) => [localName, childElementCount]),
      [
        ['div', 50],
        ['div', 50],
        ['div', 50],
        ['div', 30],
      ],
    );
  }
});

test('a line ends where it ends, also where its two characters come apart', () => {
  const root = rendered(['a\r', '\nb\r', 'c', '\r']);
  assert.equal(root.textContent, 'a\nb\nc');
});

test('a long paragraph of prose is Markdown to its end, in an item and a quotation, too', () => {
  const unit =
    'Some **words** with `code`, a [link](https://example.com/a) and *emphasis*, in one go. ';
  for (const start of ['', '- ', '> ']) {
    const root = rendered([start + unit.repeat(170)]);
    for (const selector of ['strong', 'code', 'a', 'em'])
      assert.equal(root.querySelectorAll(selector).length, 170);
  }
});

test('an empty header cell is not announced as a heading', () => {
  const heads = [...whole('| | A |\n| :- | - |\n| b | c |').querySelectorAll('th')];
  assert.deepEqual(
    heads.map((cell) => [cell.textContent, cell.getAttribute('role')]),
    [
      ['', 'cell'],
      ['A', null],
    ],
  );
});
