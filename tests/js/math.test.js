// What is mathematics in a text and what is not, also while it arrives.
import assert from 'node:assert/strict';
import test from 'node:test';

import { dice, inside, pieces, rendered, renderer, whole } from './markdown-rendering.js';

const formulasIn = (text) =>
  [...rendered([text]).querySelectorAll('.math')].map((node) => node.getAttribute('data-source'));

/** A text, and the formulas in it. */
const TEXTS = [
  // Delimiters
  ['see \\(a_1*b_2*c\\) and \\[ E = mc^2 \\]', '\\(a_1*b_2*c\\)', '\\[ E = mc^2 \\]'],
  ['$x$, $x_1$ and $$x^2$$ in a line', '$x$', '$x_1$', '$$x^2$$'],
  ['the $n$th of $n$-dimensional ones, 其中$x$是', '$n$', '$n$', '$x$'],
  ['$5$ and $2x+1$, $-5$°C, $O(n log n)$', '$5$', '$2x+1$', '$-5$', '$O(n log n)$'],
  ['${}^{14}\\text{C}$ and $\\text{for $x$}$', '${}^{14}\\text{C}$', '$\\text{for $x$}$'],
  ['$$\na\n- b\n$$\n', '$$\na\n- b\n$$'],
  ['so\n$$\na\n- b\n=\n# c\n$$\nand', '$$\na\n- b\n=\n# c\n$$'],
  ['\\[\na\n\nb\n\\].\n\nx', '\\[\na\n\nb\n\\].'],
  ['\\[\na\n\\], *where* $b$ is', '\\[\na\n\\]', '$b$'],
  [
    '\\begin{align}\na &= b \\\\\n\nc &= d\n\\end{align}',
    '\\begin{align}\na &= b \\\\\n\nc &= d\n\\end{align}',
  ],
  [
    '\\begin{cases}\n\\begin{cases}a\\end{cases}\n\\end{cases}',
    '\\begin{cases}\n\\begin{cases}a\\end{cases}\n\\end{cases}',
  ],
  // As it is written in notes
  ['where $|x| \\le 1$, $|S|$ and $|A - B|=3$', '$|x| \\le 1$', '$|S|$', '$|A - B|=3$'],
  [
    '$.5x$, $.\\overline{3}$ and $ \\alpha $, $y^2 $, $ t $',
    '$.5x$',
    '$.\\overline{3}$',
    '$ \\alpha $',
    '$y^2 $',
    '$ t $',
  ],
  ['is $\\alpha_0,\n\\alpha_1 > 0$, so *it* is', '$\\alpha_0,\n\\alpha_1 > 0$'],
  [
    '$9^{\\textrm{th}}$ of $2^{nm}$, $25^2=AD^2+7^2$',
    '$9^{\\textrm{th}}$',
    '$2^{nm}$',
    '$25^2=AD^2+7^2$',
  ],
  ['$3 \\textrm{cm}$, 16$\\times$ and 其$\\beta$为', '$3 \\textrm{cm}$', '$\\times$', '$\\beta$'],
  ['$u \\ dom \\ v$, $x_{0}$s, $(a$ to $b)$', '$u \\ dom \\ v$', '$x_{0}$', '$(a$', '$b)$'],
  ['such that $$\nx = 0.\n$$ where $y = 1$', '$$\nx = 0.\n$$', '$y = 1$'],
  ['it is $$\nx\n$$ for $n > 0$, and $$\ny\n$$\nend', '$$\nx\n$$', '$n > 0$', '$$\ny\n$$'],
  [
    '\\[ V = $608.05m \\times 2 \\] and \\(x = $5\\)',
    '\\[ V = $608.05m \\times 2 \\]',
    '\\(x = $5\\)',
  ],
  ['\\[\nV = $608\n= 2\n\\]', '\\[\nV = $608\n= 2\n\\]'],
  ['$$P = \\frac{1.6}{0.13} = $100.00$$', '$$P = \\frac{1.6}{0.13} = $100.00$$'],
  // Places
  ['# $x_1$\n\n> $$\n> a\n> > b\n> $$\n', '$x_1$', '$$\na\n> b\n$$'],
  ['- a\n  $$\n  x\n\n  + y\n  $$\n- $z$', '$$\nx\n\n+ y\n$$', '$z$'],
  ['| $x^2$ | b |\n|-|-|\n| $y$ | *c* |\n', '$x^2$', '$y$'],
  ['**bold $x*y$ end** and *a $b_c*d$ e*', '$x*y$', '$b_c*d$'],
  ['[a $x$](https://e.example/)', '$x$'],
  ['a[^1]\n\n[^1]: $x$', '$x$'],
  // Money
  ['$5 and $10, US$5 or US$6, $5-$6, $20k–$30k, A$7'],
  ['$12 per kg, $3 off; $5/month, not 7$.'],
  ['| a | b |\n|-|-|\n| $5 | $10 |\n| $1,000 | $2 |\n'],
  ['$5 million to $6 million (about 4$ each)'],
  ['price ($) and cost ($), in $, or $$ or $$$'],
  ['$5/$.75 and $.50; 3*$4=$<12> is $2*6=$ so'],
  ['500 $ x 0.70 = 350 $ and 4.000 $ x (1 - 0.3) = 2,800 $'],
  ['the $$ of $5 and $6 for $$ is $7'],
  ['$1 = R$ 5,40, $10/R$ 54, entre $15. R$ 50 a R$ 100'],
  ['the <code>$</code>, <code>$a</code> and $'],
  ['从$5涨到$，而$x和$y，'],
  ['$b; Das kostet 3$, $total cost = 3$ und $x = 3$', '$x = 3$'],
  // Shells and code
  ['"$a_dir/$(date)" and "${name}.x${y}", "$(cat -- "$(ls)")"'],
  ['echo "$file" "$", $a,$_b and $src:$(pwd) or $((1+$(x)))'],
  ['${name}/$, $my_name-$ and $#a,$#b'],
  ["['\\(', '\\)'] or ['$$', '$$']; Save\\( \\[all\\] \\)"],
  ['$HOME and $PATH, $PATH:$HOME, echo $x$y'],
  ['`$x$` and ``\\(x\\)``\n\n    $$x$$\n\n```\n$$\nx\n$$\n```'],
  ['kill $$ and $$'],
  // What is escaped
  ['\\$5 and \\$x$, \\\\(x\\\\)'],
  ['\\[1\\] Smith, \\[WARNING\\], \\[ \\] task, \\[a\\](b), \\(see below\\)'],
  ['\\begin{itemize}\\item a\\end{itemize}'],
  ['wrap it in \\( and \\), a display in \\[ and \\]'],
  ['\\begin{align} starts the environment and \\end{align} ends it.'],
  [
    '$HOME \\[ E = mc^2 \\] $x$ and $a \\(b^2\\) $c$',
    '\\[ E = mc^2 \\]',
    '$x$',
    '\\(b^2\\)',
    '$c$',
  ],
  // Too deep: ten of these are a formula
  [
    '\\begin{cases}\n'.repeat(11) + 'a\n' + '\\end{cases}\n'.repeat(11),
    '\\begin{cases}\n'.repeat(10) + 'a' + '\n\\end{cases}'.repeat(10),
  ],
  // Prose between two of them
  ['a\n\n$$\nNow if we go on\n$$\n\n$$\nx\n$$', '$$\nx\n$$'],
  ['$$\n\n# on\n\n$$\nx\n$$', '$$\nx\n$$'],
  ['$$\n\nwith $x$, so\n\n$$\ny\n$$', '$x$', '$$\ny\n$$'],
  ['$$\n\n其中的字母表示\n\n$$\ny\n$$', '$$\ny\n$$'],
  ['we get $$ Now if we go on we get 3 $$ and'],
  ['|a|b|\n|-|-|\n|c|d|\n\\[\nand so we go on\n\\]\n\n$x$', '$x$'],
  // Without an end
  ['$x_1 and \\(a*b*, \\[ c'],
  ['$$\na *b*\n\nc'],
];

for (const [text, ...formulas] of TEXTS) {
  test(`${JSON.stringify(text)} has ${formulas.length} formulas, in any split`, () => {
    assert.deepEqual(formulasIn(text), formulas);
    const expected = inside(rendered([text]));
    if (!text.includes('[^1]')) assert.equal(inside(whole(text)), expected); // notes are numbered by the renderer
    const random = dice(text.length);
    for (const split of [[...text], ...[2, 3, 7, 20].map((most) => pieces(text, most, random))])
      assert.equal(inside(rendered(split)), expected, JSON.stringify(split));
  });
}

/** What stands in a line: those that are formulas, and what is none, though it has their signs. */
const INLINE = ['$x$', '$x_1*y$', '$\\{a, b\\}$', '\\(a*b*c\\)', '$$x^2$$', '\\[ E = mc^2 \\]'];
const PLAIN = [
  'word',
  '*stress*',
  '`$x$`',
  '$5',
  'US$6',
  '\\$7',
  '\\\\(x\\\\)',
  '$HOME',
  'a_b',
  '価格は$8',
];
/** What begins a line and ends with one. */
const DISPLAYS = ['$$\na\n- b\n$$', '\\[\nx_1 * y\n\\]', '\\begin{align}\na &= b\n\\end{align}'];

/** A document that is built of known parts, and its formulas. @param {() => number} random */
function builtOf(random) {
  const one = (parts) => parts[Math.floor(random() * parts.length)];
  const formulas = [];
  const known = (source) => (formulas.push(source), source);
  const line = () =>
    Array.from({ length: 1 + random() * 5 }, () =>
      random() < 0.5 ? known(one(INLINE)) : one(PLAIN),
    ).join(one([' ', ', ', ' and ']));
  const block = () => {
    const said = random() < 0.6 ? line() : known(one(DISPLAYS));
    const [first, rest] = one([['', ''], ['- ', '  '], ['> ', '> '], ['12. ', '    ']]); // prettier-ignore
    return first + said.replaceAll('\n', `\n${rest}`);
  };
  const text = Array.from({ length: 1 + random() * 6 }, block).join('\n\n');
  return { text, formulas };
}

test('a document that is built of formulas and of what is none has just these, in any split', () => {
  const random = dice(Number(process.env.CLAUDE_SSE_SEED ?? 1));
  for (let n = 0; n < Number(process.env.CLAUDE_SSE_DOCUMENTS ?? 60); n++) {
    const { text, formulas } = builtOf(random);
    assert.deepEqual(formulasIn(text), formulas, JSON.stringify(text));
    for (const split of [[...text], pieces(text, 7, random)])
      assert.equal(inside(rendered(split)), inside(whole(text)), JSON.stringify(split));
  }
});

test('a formula stands in one line with what ends its word or sentence, in any split', () => {
  const text = 'The $n$th (with \\(x\\)), $y$-axis; $z$ and **$a$**. $$b$$. Then $c$，其';
  const kept = (root) => [...root.querySelectorAll('.kept')].map((node) => node.textContent);
  const expected = ['$n$th', '\\(x\\)),', '$y$-', '$c$，'];
  assert.deepEqual(kept(rendered([text])), expected);
  for (const most of [1, 2, 5]) {
    const split = rendered(pieces(text, most, dice(most)));
    assert.deepEqual(kept(split), expected);
    assert.equal(inside(split), inside(whole(text)));
  }
});

test('what is no mathematics is Markdown as ever', () => {
  const root = rendered(['$5 and *$10*, \\(see [below](https://e.example/)\\)']);
  assert.equal(root.querySelector('em').textContent, '$10');
  assert.ok(root.querySelector('a'));
});

test('a display that was cut off is shown as it was written', () => {
  const root = rendered(['- *c*\n- $$\n  a *b*\n  \\\\ c']);
  assert.equal(root.querySelectorAll('em').length, 1);
  assert.match(root.textContent, /\$\$\na \*b\*\n\\\\ c/);
});

test('what opens a display and is not closed by the end of its container takes no Markdown', () => {
  for (const text of ['- $$\n  a *b*\n- *c* $$', 'a\n\\[\n*b*\n\n*c*', '> \\[\n> *b*\n\n*c* \\]']) {
    const random = dice(5);
    const split = rendered(pieces(text, 3, random));
    assert.equal(split.querySelectorAll('em').length, 2, text);
    assert.equal(inside(split), inside(whole(text)));
  }
});

const ANSWER =
  'We have $x_1*y$ and \\(a*b*c\\) in **bold $z$ text**.\n\n$$\na_1\n- b\n$$\nend, for $5 and $6.\n\n- \\[ q_1 \\]\n- r';

test('of a formula nothing is shown before it is whole, and then it stays', () => {
  const { root, append, finish } = renderer();
  const seen = new Map();
  for (const character of ANSWER) {
    append(character);
    for (const node of root.querySelectorAll('.math'))
      seen.set(node, node.getAttribute('data-source'));
    const text = [...root.querySelectorAll('p')].map((node) => node.textContent).join(' ');
    assert.doesNotMatch(text.replace(/\$x_1\*y\$|\\\(a\*b\*c\\\)|\$z\$/g, ''), /[\\_*]|\$[^56]/);
    assert.equal(root.querySelector('em'), null);
  }
  finish();
  assert.deepEqual([...seen.values()].sort(), formulasIn(ANSWER).sort());
});

test('each formula is handed over once, when it is whole, however the text around it grows', () => {
  const offered = [];
  const root = rendered([...ANSWER], {
    typeset: (node, { source }) => offered.push([source, node]),
  });
  assert.deepEqual(offered.map(([source]) => source).sort(), formulasIn(ANSWER).sort());
  for (const [, node] of offered) assert.ok(root.contains(node));
});

test('what is typeset stays when the text around it grows', () => {
  const typeset = (node) => node.replaceChildren('typeset');
  const root = rendered(
    [...'Now $x$ is *here* and there, [a][b] too.\n\n[b]: https://e.example/x'],
    { typeset },
  );
  assert.equal(root.querySelector('.math').textContent, 'typeset');
});

test('a formula that is too long, or one of too many, is not handed over', () => {
  const offered = [];
  const text = `${'$x_1$ '.repeat(40)}\n\n`.repeat(100);
  rendered([text], { typeset: (node) => offered.push(node) });
  assert.equal(offered.length, 3000);
  assert.deepEqual(formulasIn(`\\(${'x+'.repeat(1500)}\\)`), []);
});
