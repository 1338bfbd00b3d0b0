// What Temml makes of a source, and that nothing but a formula comes of it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { mathElement } from '../../static/markdown/mathml.js';
import { load, treeOf } from '../../static/markdown/temml.js';
import { document } from './markdown-rendering.js';

await load();

const STYLES =
  /^(?:border|borderTop|borderBottom|borderLeft|borderRight|fontWeight|padding\w*|width)$/;

/** The element that a source becomes; undefined where it stays a source. */
function elementOf(source, display = true) {
  const tree = treeOf(source, display);
  return tree && mathElement(tree, document, source);
}

const all = (element) => [element, ...element.querySelectorAll('*')];

test('a formula becomes MathML with its source beside it', () => {
  const element = elementOf('\\frac{a}{b} = \\sqrt{2}');
  assert.equal(element.localName, 'math');
  assert.equal(element.getAttribute('display'), 'block');
  assert.equal(element.getAttribute('alttext'), '\\frac{a}{b} = \\sqrt{2}');
  assert.deepEqual(
    ['mfrac', 'msqrt', 'mi', 'mo', 'mn'].map((name) => element.querySelectorAll(name).length > 0),
    [true, true, true, true, true],
  );
});

for (const source of [
  '\\begin{align} a &= b \\\\ c &= d \\end{align}',
  '\\begin{pmatrix} a & b \\\\ c & d \\end{pmatrix}',
  '\\begin{cases} x & \\text{if } y \\\\ z & \\text{else} \\end{cases}',
  '\\left( \\frac{\\partial f}{\\partial x} \\right)_{T} \\, \\mathrm{d}x',
  '\\sum_{i=1}^{n} \\int_0^\\infty \\lim_{x \\to 0} \\vec{v} \\cdot \\hat{x}',
  "\\underbrace{a + b}_{n} \\overline{z} \\boxed{x} \\cancel{x} f'(x)",
  '\\mathbb{R} \\mathcal{L} \\mathfrak{g} \\operatorname{rank} A \\tag{1}',
  '\\begin{array}{c|c} a & b \\\\ \\hline c & d \\end{array}',
  '\\ddot\\theta + \\frac{g}{\\ell}\\sin\\theta = 0 . \\qquad \\Longrightarrow',
]) {
  test(`${source} is made of what formulas may consist of`, () => {
    const isInLine = !/align|tag/.test(source);
    for (const display of isInLine ? [false, true] : [true])
      assert.ok(elementOf(source, display).textContent.trim());
  });
}

/** What notes write, and what it is read as. */
const ALIKE = [
  [
    '\\begin{eqnarray*} a & = & b \\\\[4pt] c & < & d \\end{eqnarray*}',
    '\\begin{darray}{rcl} a & = & b \\\\[4pt] c & < & d \\end{darray}',
  ],
  ['a_\\mbox{if } b \\* c', 'a_\\text{if } b * c'],
  ['\\abs{x} \\in \\R', '\\left|x\\right| \\in \\mathbb{R}'],
  ['\\frac{$608.05m}{2} = $ 304', '\\frac{\\$608.05m}{2} = \\$ 304'],
  ['a &lt; b', 'a < b'],
];

for (const [source, same] of ALIKE) {
  test(`${source} is read as ${same}`, () => {
    const plain = ({ text, kids = [] }) => text ?? kids.map(plain).join(' ');
    const shown = [source, same].map((one) => treeOf(one, true) && plain(treeOf(one, true)));
    assert.ok(shown[0]);
    assert.equal(shown[0], shown[1]);
  });
}

const HOSTILE = [
  '\\href{javascript:alert(1)}{x}',
  '\\href{https://evil.example/}{x}',
  '\\url{https://evil.example/}',
  '\\includegraphics{https://evil.example/a.png}',
  '\\class{evil}{x}',
  '\\id{prompt}{x}',
  '\\style{position:fixed;inset:0}{x}',
  '\\data{command=new}{x}',
  '\\htmlClass{evil}{x}',
  '\\htmlId{prompt}{x}',
  '\\htmlStyle{color:red}{x}',
  '\\ref{prompt}',
  '\\eqref{prompt}',
  '\\label{prompt} x \\tag{1}',
  '\\color{red} x',
  '\\textcolor{white}{x} \\colorbox{#000}{y} \\fcolorbox{red}{blue}{z}',
  '\\rule{9999em}{9999em} x',
  '\\kern{9999em} \\hspace{-9999em} \\raisebox{999em}{x} \\hskip 99999pt',
  '\\text{<img src=x onerror=alert(1)>}',
  '\\unicode{x202E}',
  '\\toggle{a}{b}\\endtoggle \\tip{a}{b}',
  '\\mathchoice{a}{b}{c}{d}',
  '\\verb|<script>alert(1)</script>|',
  '\\__proto__ \\constructor',
  '\\def\\__proto__{x} \\__proto__',
];

for (const source of HOSTILE) {
  test(`${source} makes no link, id, picture, colour or place of its own`, () => {
    for (const display of [false, true]) {
      const element = elementOf(source, display);
      for (const node of element ? all(element) : []) {
        assert.match(node.localName, /^m/);
        for (const { name, value } of node.attributes) {
          assert.doesNotMatch(
            name,
            /^(?:on|id|href|src|xlink|data|action|mathcolor|mathbackground|background|color)/,
          );
          if (name === 'class')
            assert.match(
              value,
              /^(?:tml-(?:left|right|cancel|xcancel|jot|overline|underline)|upstrike|downstrike|sout|chr-\w+(?:-vec)?| )+$/,
            );
          if (name === 'style') assert.doesNotMatch(value, /color|position|url|expression/);
          if (/^(?:width|height|depth|voffset|lspace)$/.test(name))
            assert.ok(Math.abs(parseFloat(value)) <= 100, value);
        }
      }
    }
  });
}

test('a tree that names other elements becomes nothing', () => {
  const kid = (tag) => ({ tag, attributes: {}, classes: [], style: {}, kids: [] });
  for (const tag of [
    'a',
    'img',
    'script',
    'annotation-xml',
    'maction',
    'style',
    'foreignObject',
    '',
  ])
    assert.equal(mathElement({ ...kid('math'), kids: [kid(tag)] }, document, 'x'), undefined, tag);
  assert.equal(mathElement(kid('mrow'), document, 'x'), undefined);
});

test('attributes and styles have few names and harmless values', () => {
  const style = {
    width: '100%',
    position: 'fixed',
    color: 'red',
    padding: 'var(--x)',
    border: 'url(x)',
    cssText: 'top:0',
  };
  const attributes = {
    href: 'x',
    onclick: 'x',
    style: 'color:red',
    display: 'evil',
    width: '500em',
    lspace: '1em',
  };
  const element = mathElement(
    { tag: 'math', attributes, classes: ['unseen'], style, kids: [] },
    document,
    'x',
  );
  assert.deepEqual(
    [...element.attributes]
      .map(({ name }) => name)
      .filter((name) => name !== 'style')
      .sort(),
    ['alttext', 'lspace'],
  );
  for (const name of Object.keys(element.style))
    if (element.style[name]) assert.match(name, STYLES);
});

test('macros cannot run away, and are forgotten after their formula', () => {
  for (const source of [
    '\\def\\a{\\a}\\a',
    '\\def\\a{\\a\\a}\\a',
    '\\newcommand{\\a}{\\b}\\newcommand{\\b}{\\a}\\a',
    '\\gdef\\a{\\a}\\a',
    '\\let\\a=\\b\\def\\b{\\a\\a\\b}\\a',
  ])
    assert.equal(treeOf(source, true), undefined, source);
  assert.ok(treeOf('\\gdef\\kept{x}\\kept', true));
  assert.equal(treeOf('\\kept', true), undefined);
});

test('what is nested too deeply or too large is no formula', () => {
  for (const source of [
    'x^{'.repeat(300) + '}'.repeat(300),
    '\\sqrt{'.repeat(200) + '}'.repeat(200),
    'x+'.repeat(3000),
  ])
    assert.equal(treeOf(source, true), undefined, source.slice(0, 20));
});
