// What comes before a cut is final: lexing the parts equals lexing the whole.
import assert from 'node:assert/strict';
import test from 'node:test';

import { fenceOf } from '../../static/markdown/fence.js';
import { lex } from '../../static/markdown/lexer.js';
import { dice, SPEC } from './markdown-rendering.js';

/** Lines whose meaning depends on their neighbours. */
const AMBIGUOUS = [
  '',
  '  ',
  'a',
  '  b',
  '    c',
  '\td',
  '- a',
  '-',
  '  - b',
  '    - c',
  '* a',
  '1. a',
  '2) b',
  '2',
  '1.',
  '10. a',
  '   c',
  '> a',
  '>',
  '> - a',
  '> ```',
  '```',
  '```js',
  '~~~',
  '  ```',
  '- ```',
  '    ```',
  '---',
  '===',
  '***',
  '# h',
  '#',
  '| a | b |',
  '|---|---|',
  '--|--',
  'a | b',
  '[x]: /u',
  '[x]: /u "t',
  't"',
  '[x]',
  '[x]:',
  '<div>',
  '</div>',
  '<!-- c',
  '-->',
  '- [ ] t',
  '    [x]: /u',
  '"t',
];

/** Cut after every line where it can be cut; what was cut is lexed alone, with the definitions before it. */
function lexedInParts(lines) {
  const parts = [];
  let links;
  let tail = '';
  for (const line of lines) {
    tail += line;
    const { cut } = lex(tail, links);
    if (!cut) continue;
    parts.push(tail.slice(0, cut));
    links = { ...lex(parts.at(-1), links).links, ...links };
    tail = tail.slice(cut);
  }
  links = { ...lex(tail, links).links, ...links };
  // A definition completes the text before it.
  return { links, tokens: [...parts, tail].flatMap((part) => lex(part, links).tokens) };
}

/** Without the raw texts: blank lines may be another block's, here or there. */
const withoutSpace = ({ tokens, links }) =>
  JSON.stringify([tokens, links], (key, value) =>
    key === 'raw' || key === 'at' ? undefined : value,
  );

function check(lines) {
  const parts = withoutSpace(lexedInParts(lines));
  const whole = withoutSpace(lex(lines.join('')));
  if (parts !== whole) assert.equal(parts, whole, `differs: ${JSON.stringify(lines.join(''))}`);
}

test('every document of three ambiguous lines is the same in parts and as a whole', () => {
  const lines = AMBIGUOUS.map((line) => `${line}\n`);
  assert.equal(lines.length ** 3, 110_592);
  for (const a of lines) for (const b of lines) for (const c of lines) check([a, b, c]);
});

test('longer documents of ambiguous lines are the same in parts and as a whole', () => {
  const random = dice(1);
  for (let n = 0; n < 2000; n++) {
    check(
      Array.from(
        { length: 4 + random() * 16 },
        () => `${AMBIGUOUS[Math.floor(random() * AMBIGUOUS.length)]}\n`,
      ),
    );
  }
});

test('every example of the CommonMark specification is the same in parts and as a whole', () => {
  for (const markdown of SPEC) check(markdown.match(/[^\n]*\n/g) ?? []);
});

for (const [why, text, cut] of [
  ['an item that may go on', '1. a\n\n', 0],
  ['a paragraph after a blank line', '1. a\n\n2\n', 6],
  ['a definition that may still find its title', 'a\n\n[x]: /u\n"t\n', 3],
  ['a definition whose title runs across a fence', '[x]: https://x.example\n"t\n```\n', 26],
  ['a fence in the midst of a paragraph', 'a\n```\n', 2],
  ['what follows a closed fence', '```\na\n```\nb\n', 10],
  ['what follows an open fence', '```\na\n\nb\n', 0],
  ['a fence in a list item', '- ```\n  a\n', 0],
]) {
  test(`${why}: the cut is at ${cut}`, () => assert.equal(lex(text).cut, cut));
}

test('a title does not run over a blank line', () => {
  assert.equal(
    lex('[x]: https://x.example "t\n\na\n\nt"\n').tokens.filter(({ type }) => type === 'paragraph')
      .length,
    3,
  );
});

test('raw HTML is a paragraph, and the Markdown in it counts', () => {
  const [paragraph] = lex('<section>*a*</section>\n').tokens;
  assert.equal(paragraph.type, 'paragraph');
  assert.deepEqual(
    paragraph.tokens.map(({ type }) => type),
    ['html', 'em', 'html'],
  );
});

test('the raw texts of the tokens add up to the text', () => {
  for (const markdown of SPEC) {
    assert.equal(
      lex(markdown)
        .tokens.map(({ raw }) => raw)
        .join(''),
      markdown.replace(/\r\n?/g, '\n'),
    );
  }
});

test('a fence closes with its own character, at least as long, and nothing after it but white space', () => {
  const { close } = fenceOf(lex('````js\n').tokens[0]);
  for (const line of ['````', '   ````  ', '``````', '````\t']) assert.match(line, close);
  for (const line of ['```', '    ````', '````js', '~~~~']) assert.doesNotMatch(line, close);
});

for (const [what, text] of [
  ['quotes', '> '.repeat(3000) + 'a'],
  ['lists', '- '.repeat(3000) + 'a'],
  ['emphasis', '*_'.repeat(3000) + 'a' + '_*'.repeat(3000)],
  ['brackets', '['.repeat(3000) + 'a' + ']'.repeat(3000)],
  ['links', '[a]('.repeat(3000)],
]) {
  test(`${what} nested 3,000 deep do not overflow the stack and lose no letter`, () => {
    const { tokens } = lex(text);
    assert.equal(tokens.map(({ raw }) => raw).join(''), text);
    assert.ok(depth(tokens) <= 120, `depth ${depth(tokens)}`);
  });
}

test('of quotes nested 60 deep those beyond the bound are text', () => {
  let quotes = 0;
  let [token] = lex(`${'> '.repeat(60)}a`).tokens;
  for (; token.type === 'blockquote'; [token] = token.tokens) quotes++;
  assert.ok(quotes >= 40 && quotes < 60, `${quotes} quotes`);
  assert.match(token.raw, /^[> ]+a$/);
});

const depth = (tokens = []) =>
  Math.max(0, ...tokens.map(({ tokens, items }) => 1 + Math.max(depth(tokens), depth(items))));
