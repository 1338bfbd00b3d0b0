// Chosen documents for the comparison with a reference: one for each thing that an answer does, alone and combined.

const LINES = [
  'plain', '*a* **b** ***c*** _d_ __e__', '`code` ``a`b`` ` x `', '~~gone~~ 3~5 and 10~20', '**注意：**正文', '**「引用」**です', '正文**重要。**后面', '한국어**「강조」**입니다',
  '[WARNING]: restart', '[Note]: careful', 'foo[bar](baz)', '[config.py](src/config.py)', '[get](sandbox:/x.csv)', '[a](https://x.example "t")', '[a]( <https://x.example/a b> )', '![i](https://x.example/i.png)', '![i](i.png)', '<made:up>', '<https://x.example>', '<a@b.example>',
  'https://a.example/c，说明', '（https://a.example）', 'https://x.example/(a)b).', 'www.x.example.', 'www. none', 'a_b@c-d.example.', '[see https://x.example/a]', '[WARNING: www.x.example]',
  'H<sub>2</sub>O x<sup>2</sup> <kbd>Ctrl</kbd> <mark>m</mark>', 'a<br>b<br/>c', '<b>bold</b> <i title="x">i</i>', '<sub>open', '<!-- c --> <? p ?>', '&alpha; &frac12; &nope; &#945; &#x41; &#0;', '\\*a\\* \\[b\\] \\\\', 'a  \nb\\\nc\nd',
  '- a\n- b\n  - c\n\n    d\n- e', '1. a\n2. b\n\n3. c', '3) a\n4) b', '- [ ] a\n- [x] b\n- [X]\tc', '-\n- a\n-', '- - a\n- > b\n- # c', '> a\nb\n> > c\n\n> d', '> - a\n>   - b', '# a\n## b ##\n###### c #\n#d', 'a\n===\nb\n---', '---\n***\n_ _ _', '    code\n\n      more\n\nend', '    code\n10. item', '\tcode',
  '```js\na\n```', '```\na\n``` \t\nb', '  ~~~\n  a\n    b\n  ~~~', '~~~\na\n~~~\t\nb', '- ```\n  a\n  ```\n- b', '> ```\n> a\nb', '```` a ```\nb\n````', '| a | b |\n|---|:-:|\n| 1 | `x\\|y` |\n| 2 |\nend', 'a | b\n--|--:\n1 | 2 | 3', '| [a](b) | ~~c~~ |\n|--|--|\n| <br> | &beta; |', 'text\n| a |\n|---|\n| b |\n\nc', '> | a |\n> |---|\n> | b |', '- | a |\n  |---|\n  | b |',
  'x[^a]\n\n[^a]: note', 'x[^a] y[^b] z[^a]\n\n[^b]: b\n\n    more\n[^a]: a', '[^a]: before\n\nx[^a]', 'x[^none]', '> x[^q]\n\n[^q]: - a\n    - b', '[a][b] [b] [b][]\n\n[b]: https://x.example', '[a]: <>\n[b]: https://x.example\n[b]', '[a]:\nhttps://x.example\n\'t\nt\'\n\n[a]', '<div>\n*a*\n</div>', '<p>*a*</p>\n\n<pre>\n**b**\n</pre>', 'OK:\n\n- عربي\n- نص', '- - 1. a\n  2. b', '* a\n* | b |\n', '1. a\n2. > | b |\n3. c\n', '[^m]: a\n  b[^n] and[^m].\n\n[^n]: c\n[^m]: d\n', '- a\n  - *\n', '1. x\n   - *\n2. y',
]; // prettier-ignore

/** 200 and a few documents: each line alone, each after another, and some in containers. */
export const CHOSEN = [
  '- *c*\n- $$\n  a *b*',
  'a\n\\[\n*b*\n# c',
  'a\n\\[\n*b*\n\n*c*',
  '> \\[\n> *b*\n\n*c*',
  'a\n> *',
  '- ```\n\t\n  ```',
  '![a  \nb](https://x.example)',
  '![  \n](https://x.example)',
  '<!--\n    -->',
  '[^m]: www.[^m]',
  'a\u00a0\n\n# b\u3000 #\n\n- \u3000c\u00a0\n',
  '| \u3000a | b\u00a0 |\n|-|-|\n| \u00a0 | c |\n',
  '1. \u00a0\n2. \u3000a\n```\n\u00a0\n```\u00a0\n```\n',
  '> 1. a\n>    - b\n>\n> 2. c\n',
  '1. a\n   - b\n2. c\n\n   > d\n',
  'a `\n    b\n  c` and `d  \n e`\n',
  '    a\n     \n      \n\nb',
  'a <a href=https://x.example/y#z class=b>1</a> c',
  ...LINES.map((text) => `${text}\n`),
  ...LINES.map((text, i) => `${text}\n\n${LINES[(i * 7 + 3) % LINES.length]}\n`),
  ...LINES.map((text, i) => text.replace(/^/gm, i % 2 ? '> ' : '  ').replace(/^ {2}/, '- ') + '\n'),
];
