// What is copied of an answer is what it says, as elements and as text.
import assert from 'node:assert/strict';
import test from 'node:test';

import { parseHTML } from 'linkedom';

import { rendered } from './markdown-rendering.js';

const { document, Element, Text } = parseHTML('<!doctype html><html><body></body></html>');
Object.assign(globalThis, { document, Element, Text });
const { copiedOf } = await import('../../static/markdown/copied.js');

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
