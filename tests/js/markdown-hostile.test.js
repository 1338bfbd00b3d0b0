// Whatever a text repeats, twice as much of it is twice the work, live and whole, and no letter of it is lost.
import assert from 'node:assert/strict';
import test from 'node:test';

import { labelsIn, lex } from '../../static/markdown/lexer.js';
import { BlockParser } from '../../static/markdown/parser/blocks.js';
import { InlineParser } from '../../static/markdown/parser/inline.js';
import { createRenderer } from '../../static/markdown/renderer.js';
import { rendered } from './markdown-rendering.js';

/** For each rule what makes it look far, or often. */
const RUNS = {
  'one word': 'a',
  'a word with dots': 'a.',
  digits: '1',
  'other letters': '中',
  spaces: ' ',
  'blank lines': '\n',
  lines: 'a\n',
  paragraphs: 'a\n\n',
  'hard breaks': 'a  \n',
  emphasis: '*',
  'opened emphasis': '**a',
  'mixed emphasis': '*_a',
  underscores: 'a_',
  deletions: '~~a',
  'code spans': '`a',
  'longer code spans': '`a``',
  escapes: '\\',
  'escaped marks': '\\*',
  brackets: '[',
  'closed brackets': '[]',
  'nested brackets': '[a](',
  images: '![',
  references: '[a][b]',
  titles: '[a]("',
  'link targets': '[a](<b',
  definitions: '[a]: b\n',
  'definitions of their own': '[a]: b "',
  mentions: '[a] ',
  angles: '<',
  tags: '<a ',
  comments: '<!--',
  autolinks: '<http:',
  addresses: 'a@b',
  mail: 'a@b.c ',
  links: 'http://a',
  www: 'www.a.',
  parentheses: 'http://a)',
  entities: '&',
  'named entities': '&amp',
  'numeric entities': '&#1',
  quotes: '>',
  'quoted lines': '> a\n',
  'quotes and lists': '> - a\n',
  items: '- a\n',
  'empty items': '-\n',
  numbers: '1. a\n',
  'nested items': '- a\n  - b\n',
  dashes: '-',
  underlines: 'a\n=\n',
  equals: '=\n',
  headings: '# a\n',
  hashes: '#',
  pipes: '|',
  'table rows': '|a|b|\n',
  delimiters: '|-|-|\n',
  fences: '```\n',
  'unequal fences': '````\n```\n',
  tildes: '~',
  'indented lines': '    a\n',
  tabs: '\t',
  'carriage returns': '\r\n',
  dollars: '$x ',
  'two dollars': '$$ ',
  'lines after dollars': '$x\n',
  'opened formulas': '\\( ',
  'opened displays': '\\[ ',
  'displays with blank lines': '\\[\n\n',
  'displays after text': 'a\n\\[\nb\n\n',
  'two kinds of displays': '$$\na^2\n\\[\nb\n\n',
  'opened environments': '\\begin{align}\n',
  'opened braces': '${',
};
const STARTS = {
  'a text': '',
  'a quotation': '> ',
  'an item': '- ',
  'a table': '|a|b|\n|-|-|\n|',
  'a fence': '```js\n',
};

/** A text of this many characters. */
const hostile = (start, run, size) => start + run.repeat(size / run.length);

/** A page that shows nothing, and counts the nodes that are made for it. */
function blankPage() {
  const page = { nodes: 0 };
  const make = () => (page.nodes++, node);
  const node = {
    ownerDocument: { createElement: make, createTextNode: make },
    classList: { add() {} },
    childElementCount: 0,
    getElementsByClassName: () => [],
    addEventListener() {},
  };
  for (const name of ['append', 'appendData', 'remove', 'replaceWith']) node[name] = () => {};
  for (const name of ['setAttribute', 'removeAttribute']) node[name] = () => {};
  return Object.assign(page, { root: node });
}

/** How many nodes are made, and how many characters are given to the parsers of blocks and of text, for these pieces. */
function work(pieces) {
  const [blocks, inline] = [BlockParser.prototype.parse, InlineParser.prototype.parse];
  let count = 0;
  const page = blankPage();
  BlockParser.prototype.parse = function () {
    blocks.call(this);
    count += this.at;
  };
  InlineParser.prototype.parse = function () {
    count += this.text.length;
    return inline.call(this);
  };
  try {
    const view = createRenderer(page.root, { now: () => 0, schedule() {} });
    for (const piece of pieces) {
      view.append(piece);
      view.flush();
    }
    view.finish();
    view.flush();
  } finally {
    BlockParser.prototype.parse = blocks;
    InlineParser.prototype.parse = inline;
  }
  return count + page.nodes;
}

const inPieces = (text, size) => text.match(new RegExp(`[^]{1,${size}}`, 'g'));

/** In a quick run each is tried as a text and within one other block, by turns. */
const startsOf = (n) =>
  Object.values(STARTS).filter(
    (start, i) => !start || process.env.CLAUDE_SSE_TEST_ALL || i === 1 + (n % 4),
  );

/** The longer one is twice what is lexed in one go, and more. */
const LENGTHS = [20_000, 40_000];

for (const [n, [name, run]] of Object.entries(RUNS).entries()) {
  test(`twice as many ${name} are twice the work, as a whole and while they arrive`, () => {
    for (const start of startsOf(n)) {
      for (const size of start ? [Infinity] : [1000, Infinity]) {
        const [half, all] = LENGTHS.map((length) => {
          const text = hostile(start, run, length);
          return work(inPieces(text, Math.min(size, text.length)));
        });
        assert.ok(
          all <= 2.5 * half + 1000,
          `${JSON.stringify(start + run)} by ${size}: ${half}, then ${all}`,
        );
      }
    }
  });
}

/** How many milliseconds of the processor this takes. */
function cpu(run) {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1000;
}

test('one lexing of the longest text there is takes no time that is felt', () => {
  for (const run of [...Object.values(RUNS), '<a@b', 'a&']) {
    const text = hostile('', run, 16_000);
    let best = Infinity;
    for (let n = 0; n < 3 && best >= 500; n++)
      best = Math.min(
        best,
        cpu(() => lex(text, undefined, { isEnd: true })),
      );
    assert.ok(best < 500, `${JSON.stringify(run)}: ${best} ms`); // quadratic, they take seconds
  }
});

test('labels are found in a time that grows with the text', () => {
  for (const run of ['\\[ ', '[', '[a', '[a\\] ', '\\[a] '])
    assert.ok(cpu(() => labelsIn(hostile('', run, 120_000))) < 500, run);
});

test('no letter is lost where a block is too long to be lexed', () => {
  const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, '');
  for (const unit of [
    'word ',
    'wordword',
    '**word** ',
    '> word\n',
    '- word\n  - more\n',
    '    word\n',
    '[word](',
    '`word',
    '😀word',
    'word\n',
  ]) {
    let n = 0;
    const text = unit.repeat(Math.ceil(40_000 / unit.length)).replaceAll('word', () => `w${n++}`);
    for (const pieces of [[text], inPieces(text, 997), inPieces(text, 80)]) {
      const root = rendered(pieces);
      for (const button of root.querySelectorAll('button')) button.remove();
      // Not assert.equal, which would print 100,000 characters.
      assert.ok(letters(root.textContent) === letters(text), unit);
    }
  }
});

test('what comes after a text that is too long is Markdown again', () => {
  for (const long of [
    'a '.repeat(20_000),
    'a'.repeat(40_000),
    '> a\n'.repeat(10_000),
    `- ${'a\n  '.repeat(20_000)}`,
  ]) {
    const root = rendered(inPieces(`${long}\n\nthen *this*\n\n- x\n`, 1000));
    assert.deepEqual(
      [...root.querySelectorAll('em')].map(({ textContent }) => textContent),
      ['this'],
      long.slice(0, 5),
    );
    assert.equal([...root.querySelectorAll('li')].at(-1).textContent, 'x');
  }
});

test('a fence in an item or a quotation stays one block, however long, and is copied as it was written', () => {
  const code = Array.from({ length: 2000 }, (_, i) => `let line${i} = 1;`).join('\n');
  for (const [start, mark] of [
    ['- ', '  '],
    ['> ', '> '],
    ['1. a\n\n   > ', '   > '],
  ]) {
    const text = `${start}\`\`\`js\n${code.replace(/^/gm, mark)}\n${mark}\`\`\`\n\nend\n`;
    const offered = [];
    for (const size of [80, text.length]) {
      const root = rendered(inPieces(text, size), {
        highlight: (element) => offered.push(element.textContent.length),
      });
      assert.equal(root.querySelectorAll('.code').length, 1);
      assert.equal(
        [...root.querySelectorAll('code > span')].map(({ textContent }) => textContent).join('\n'),
        code,
      );
    }
    assert.equal(offered.length, 2);
    assert.ok(offered.every((length) => length > code.length - 50));
  }
});
