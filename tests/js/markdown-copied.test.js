// What is copied of an answer is what it says, as elements and as text.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parseHTML } from 'linkedom';

import { rendered } from './markdown-rendering.js';

const { document, Element, Text } = parseHTML('<!doctype html><html><body></body></html>');
Object.assign(globalThis, { document, Element, Text });
const { copiedOf, copiedTable } = await import('../../static/markdown/copied.js');

const copied = (text) => copiedOf(rendered([text]));

test('code in an item keeps its empty lines', () => {
  const { text, html } = copied(
    '1. a\n\n   ```py\n   def f():\n       x\n\n\n       y\n   ```\n\n   b\n2. c',
  );
  assert.equal(text, '1. a\n   def f():\n       x\n\n\n       y\n   b\n2. c');
  assert.match(html, /def f\(\):\n {4}x\n\n\n {4}y/);
});

test('items, their paragraphs and lists stand below each other', () => {
  assert.equal(copied('- a\n\n  b\n  - c\n    - d\n\n- e').text, '- a\n  b\n  - c\n    - d\n- e');
});

test('a power stays a power in a text, and a word keeps its end', () => {
  const { text } = copied(
    '10<sup>6</sup>, x<sup>n+1</sup>, 10<sup>−3</sup>, the 5<sup>th</sup>, H<sub>2</sub>O',
  );
  assert.equal(text, '10^6, x^(n+1), 10^−3, the 5th, H2O');
});

test('a table is copied as Markdown with its tags and references', () => {
  const root = rendered([
    '| a[^n] | H<sub>2</sub>O |\n|-|-:|\n| <kbd>A</kbd> *b* | 10<sup>6</sup> `x\\|y` |\n\n[^n]: c',
  ]);
  const { text } = copiedTable(root.querySelector('table'));
  assert.equal(
    text,
    '| a[^n] | H<sub>2</sub>O |\n| --- | ---: |\n| <kbd>A</kbd> *b* | 10<sup>6</sup> `x\\|y` |\n',
  );
});
