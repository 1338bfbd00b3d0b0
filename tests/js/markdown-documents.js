// Documents to compare with a reference: random ones of every construct, nested, with what is hostile in between.

/** Pieces of a line. `W` is a word, `T` other pieces. */
const WORDS = [
  'word',
  'a',
  'Ab',
  'x1',
  '注意',
  '正文',
  'です',
  '한국',
  'عربي',
  'é',
  '😀',
  'snake_case',
  '2*3',
  'a.b',
  '5',
  'don’t',
  '“q”',
];
const MARKS = [
  '*T*', '**T**', '_T_', '__T__', '~~T~~', '~T~', '***T***', '**T：**W', '**「T」**W', '*T', '**T', 'T**', '_T', '~~T', '`T`', '``T`', '`T', '\\*', '\\', '\\\\', '\\`', '\\[', '*', '**', '_', '~', '~~', '!', '|', '<', '>', '&', '#', '"', "'", '(', ')', '[', ']', ':', '  ', '^',
  '[T](https://x.example/T)', '[T](<https://x.example/a b>)', '[T](https://x.example "T")', '[T](W)', '[T](sandbox:/x_y_z.csv)', '[T](javascript:T)', '[T]()', '[T](W "T', '[T][ref]', '[T][]', '[ref]', '[Ref]', '[T][none]', '[none]', '[bad]', '[T', 'T](https://x.example)', '![T](https://x.example/i.png)', '![T](i.png)', '![T][ref]', '![T', '[^n]', '[^m]', '[^none]', '![^n]', '[[T](https://x.example)](https://y.example)',
  'https://x.example/T', 'http://x.example', 'www.x.example', 'https://x.example/a，T', 'https://x.example/(a)b).', '(https://x.example)', 'https://x.example/a_b*c*', 'a@b.example', 'a_b@c-d.example.', '<https://x.example/T>', '<a@b.example>', '<made:up>', 'https://', 'www.', 'https://x.example）T', '（https://x.example）',
  '<br>', '<br/>', '<sub>T</sub>', '<sup>T</sup>', '<kbd>T</kbd>', '<MARK>T</MARK>', '<u>T', 'T</u>', '<b>T</b>', '<a href="T">', '<!-- T -->', '<?T?>', '<sub>T<sup>T</sub>T</sup>', '<small class=x>T</small>', '<del>T</del>', '<', '<!', '</', '<a b',
  '&amp;', '&alpha;', '&frac12;', '&nope;', '&#945;', '&#x1F600;', '&#0;', '&#xD800;', '&', '&amp', '&;',
]; // prettier-ignore
const LINES = [
  'L', 'L', 'L', 'L', 'L', '', '', '', '# L', '### L ##', '#L', 'L', '---', '***', '===', '-', '--', '> L', '>L', '>', '> > L', '- L', '* L', '+ L', '-', '1. L', '2. L', '1) L', '10. L', '- [ ] L', '- [x] L', '- [x]', '  - L', '    - L', '   1. L', '  L', '    L', '\tL', '      L', '-\tL', ' - L', '- - L', '- > L', '> - L', '> 1. L', '1. - L', '- # L', '-     L',
  '```', '```js', '````', '~~~', '  ```', '``` \t', '~~~\t', '  ~~~', '> ```', '- ```', '```js L`', '~~~ a&amp;b `',
  '| L | L |', '|---|:-:|', '| L |', '--|--', 'L | L', ':-', '|L|L|L|', '> | L | L |', '> |---|---|', '- | L | L |', '  |---|--:|', '| `a\\|b` | L', '|',
  '[ref]: https://x.example "T"', '[Ref]: <https://y.example>', '[bad]: W', '[WARNING]: W', '[x]: <>', '[y]:', 'https://z.example', '[z]: https://z.example \'T', "T'", '> [q]: https://q.example', '[^n]: L', '[^m]:', '    L', '[^n]: - L', '- [^m]: L',
  '<div>', '</div>', '<div>L</div>', '<!-- L', '-->', '<p>', 'L  ', 'L\\', '  ', '\t', 'L\t', '\\# L', '\\- L', '&#42; L',
]; // prettier-ignore
const BLOCKS = [
  '| L | L |\n|---|--:|\n| L | L |\n| L |\n', '- L\n\n  L\n- L\n', '1. L\n   - L\n     - L\n2. L\n', '> L\nL\n> - L\n', '```py\nL\n\n  L\n```\n', 'L[^n] and L[^m].\n\n[^n]: L\n[^m]: L\n\n    L\n', '- L\n\n      L\n', 'L\n===\n', '* L\n* L\n\n\n* L\n',
]; // prettier-ignore

/** A document of random constructs. @param {() => number} random */
export function randomDocument(random) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const text = (depth) => {
    let all = '';
    for (let n = 1 + Math.floor(random() * 3); n > 0; n--) {
      const piece = random() < 0.5 || depth > 3 ? pick(WORDS) : pick(MARKS);
      all += piece.replace(/[TW]/g, (kind) => (kind === 'W' ? pick(WORDS) : text(depth + 1)));
      if (random() < 0.5) all += ' ';
    }
    return all;
  };
  const filled = (form) =>
    form.replace(/[LTW]/g, (kind) => (kind === 'W' ? pick(WORDS) : text(kind === 'T' ? 3 : 0)));
  let document = '';
  for (let n = 1 + Math.floor(random() * 9); n > 0; n--) {
    document += random() < 0.12 ? filled(pick(BLOCKS)) : `${filled(pick(LINES))}\n`;
  }
  return random() < 0.2 ? document.trimEnd() : document;
}
