// While an answer arrives nothing that is shown is taken back, and in the end nothing is held back.
import assert from 'node:assert/strict';
import test from 'node:test';

import { blocksIn, rendered, renderer, shape } from './markdown-rendering.js';

/** Whether a tree shows the beginning of another: the same elements, and the same text as far as it goes. */
function isBeginning(some, all) {
  if (some.nodeType === 3) return all?.nodeType === 3 && all.data.startsWith(some.data.trimEnd());
  if (some.localName !== all?.localName) return false;
  return [...some.childNodes].every((kid, i) => isBeginning(kid, all.childNodes[i]));
}

function assertBeginning(some, all) {
  some.forEach((block, i) =>
    assert.ok(
      isBeginning(block, all[i]),
      `${shape(block)} is no beginning of ${all[i] && shape(all[i])}`,
    ),
  );
}

for (const [what, text] of [
  ['a list after a line', 'You need:\n- one\n- two\n'],
  ['a heading and a rule', '## Title *two*\n\n---\n\ntext\n'],
  ['bold items', '* **Bold** text\n* **More**: `code` and *more*\n'],
  ['a link with a long address', 'See [the text](https://x.example/long/address?a=b) for more.\n'],
  ['a table', 'Text:\n\n| a | b |\n|---|---|\n| **1** | 2 |\n\nend\n'],
  ['a fence', 'Run:\n\n```python\nx = 1\n```\nand more\n'],
  ['tags', 'H<sub>2</sub>O and <kbd>Ctrl</kbd>, &amp; more<br>end\n'],
  ['tasks', '- [ ] one\n- [x] two\n'],
  ['details', '<details>\n<summary>More</summary>\n\nHidden\n\n</details>\n\nend\n'],
  ['an address', 'At https://x.example/a_b, or (www.x.example).\n'],
  ['Chinese', '**注意：**正文，见 https://a.example/c，说明。\n'],
  ['items that begin like a table', '* one\n* | two\n* three\n\n1. | a |\n2. | b\nc\n'],
  ['a definition that defines nothing', '[WARNING]: restart\n\nnow\n'],
]) {
  test(`${what}: each moment shows the beginning of the end, and what was shown before`, () => {
    const all = blocksIn(rendered([text]));
    const { root, append } = renderer();
    let before = [];
    for (const character of text) {
      append(character);
      const now = blocksIn(root);
      assertBeginning(before, now);
      assertBeginning(now, all);
      before = now.map((block) => block.cloneNode(true));
    }
  });
}

for (const text of [
  '**open',
  '[text](https://x',
  '`code',
  '| a | b |',
  '-',
  '```',
  '<sub>x',
  '[^a',
  '&amp',
]) {
  test(`a text that ends with ${JSON.stringify(text)} is shown whole`, () => {
    const { root, append, finish } = renderer();
    append(`before\n\nand ${text}`);
    finish();
    assert.ok(root.textContent.includes(text === '&amp' ? '&amp' : text), root.textContent);
  });
}
