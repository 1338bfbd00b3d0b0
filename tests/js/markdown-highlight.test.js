// Prism's tokens become ranges of the text on the page: no element more, no letter less.
import assert from 'node:assert/strict';
import test from 'node:test';

import { sourceOfCode } from '../../static/code-block.js';
import { createHighlighter, load, spansOf } from '../../static/highlight.js';
import { document, rendered } from './markdown-rendering.js';

/** What is coloured how in this code. */
async function coloured(language, source) {
  const root = rendered([`\`\`\`${language}\n${source}\n\`\`\`\n`]);
  await load(language);
  return spansOf(root.querySelector('code'), language).map(({ colour, startContainer, startOffset, endOffset }) =>
    [colour, startContainer.data.slice(startOffset, endOffset)]);
}

test('keywords, strings and comments have their colours', async () => {
  const python = await coloured('python', 'def f(x):  # why\n    return "a" + 1');
  for (const span of [['keyword', 'def'], ['name', 'f'], ['comment', '# why'], ['string', '"a"'], ['number', '1']]) {
    assert.ok(python.some((own) => own.join() === span.join()), `${span} in ${JSON.stringify(python)}`);
  }
});

test('an interpolation is not coloured as the string around it', async () => {
  const spans = await coloured('javascript', 'x = `a${b}c`');
  assert.ok(!spans.some(([colour, text]) => colour === 'string' && text.includes('b')), JSON.stringify(spans));
});

test('added and removed lines of a diff differ', async () => {
  const colours = (await coloured('diff', '-old\n+new')).map(([colour, text]) => [colour, text.trim()].join());
  assert.ok(colours.some((span) => /^deleted,-?(old)?/.test(span)));
  assert.ok(colours.some((span) => /^string,\+?(new)?/.test(span)));
});

test('a token that crosses the boundary of two chunks is coloured in both', async () => {
  const comment = ['/*', ...Array.from({ length: 250 }, (_, i) => `line ${i} of a long comment`), '*/'].join('\n');
  const root = rendered([`\`\`\`javascript\nlet a;\n${comment}\nlet b;\n\`\`\`\n`]);
  await load('javascript');
  const spans = spansOf(root.querySelector('code'), 'javascript');
  const text = (colour) => spans.filter((span) => span.colour === colour)
    .map(({ startContainer, startOffset, endOffset }) => startContainer.data.slice(startOffset, endOffset));
  assert.equal(root.querySelectorAll('code > span').length, 2);
  assert.equal(text('comment').join('\n'), comment);
  assert.deepEqual(text('keyword'), ['let', 'let']);
  assert.match(sourceOfCode(root.querySelector('button')), /^let a;\n[^]*let b;$/);
});

test('every language there is can be loaded, with what it builds upon', async () => {
  const known = new Set();
  globalThis.CSS = { highlights: new Map() };
  globalThis.IntersectionObserver = class {
    observe() {
      known.add('observed');
    }
  };
  for (const name of ['JS', 'c++', 'tsx', 'php', 'scala', 'md', 'yml', 'sh', 'html', 'scss']) {
    known.clear();
    createHighlighter().add(document.createElement('code'), name);
    assert.equal(known.size, 1, name);
  }
  for (const name of ['nonsense', '__proto__', '../../chat', 'core']) {
    known.clear();
    createHighlighter().add(document.createElement('code'), name);
    assert.equal(known.size, 0, name);
  }
  const languages = ('bash css diff docker elixir graphql haskell ini json lua makefile markup nginx powershell python ' +
    'r rust sql swift toml yaml c cpp csharp dart go java javascript jsx kotlin markdown php protobuf ruby scala scss ' +
    'tsx typescript').split(' ');
  for (const language of languages) {
    await load(language);
    assert.equal(typeof globalThis.Prism.languages[language], 'object', language);
  }
});

test('where the browser cannot highlight, code stays plain', () => {
  globalThis.CSS = {};
  const { add, forget } = createHighlighter();
  const root = rendered(['```js\nlet a;\n```']);
  add(root.querySelector('code'), 'js');
  forget(root);
  assert.equal(root.querySelectorAll('code *').length, 1);
});
