// Prism's tokens become coloured parts of the text on the page: no element more, no letter less.
import assert from 'node:assert/strict';
import test from 'node:test';

import './words.js';
import { sourceOfCode } from '../../static/markdown/code-block.js';
import { colouring } from '../../static/markdown/colouring.js';
import { Highlighter, share } from '../../static/markdown/highlight.js';
import { COLOUR_NAMES, LANGUAGES, languageCalled } from '../../static/markdown/languages.js';
import { load, partsOf } from '../../static/markdown/prism.js';
import { writtenIn } from '../../static/markdown/growing-text.js';
import { rendered } from './markdown-rendering.js';

/** What is coloured how in this code, chunk by chunk. */
async function coloured(language, source) {
  const root = rendered([`\`\`\`${language}\n${source}\n\`\`\`\n`]);
  const code = root.querySelector('code');
  await load(language);
  const chunks = [...code.children].map((element) => ({
    element,
    node: element.firstChild,
    parts: [],
    ranges: [],
  }));
  share(partsOf(writtenIn(code), language), chunks);
  const spans = [];
  for (const { node, parts } of chunks) {
    for (let i = 0; i < parts.length; i += 3)
      spans.push([COLOUR_NAMES[parts[i]], node.data.slice(parts[i + 1], parts[i + 2])]);
  }
  return { root, spans };
}

test('keywords, strings and comments have their colours', async () => {
  const { spans } = await coloured('python', 'def f(x):  # why\n    return "a" + 1');
  for (const span of [
    ['keyword', 'def'],
    ['name', 'f'],
    ['comment', '# why'],
    ['string', '"a"'],
    ['number', '1'],
  ]) {
    assert.ok(
      spans.some((own) => own.join() === span.join()),
      `${span} in ${JSON.stringify(spans)}`,
    );
  }
});

test('an interpolation is not coloured as the string around it', async () => {
  const { spans } = await coloured('javascript', 'x = `a${b}c`');
  assert.ok(
    !spans.some(([colour, text]) => colour === 'string' && text.includes('b')),
    JSON.stringify(spans),
  );
});

test('added and removed lines of a diff differ', async () => {
  const colours = (await coloured('diff', '-old\n+new')).spans.map(([colour, text]) =>
    [colour, text.trim()].join(),
  );
  assert.ok(colours.some((span) => /^deleted,-?(old)?/.test(span)));
  assert.ok(colours.some((span) => /^string,\+?(new)?/.test(span)));
});

test('a token that crosses the boundary of two chunks is coloured in both', async () => {
  const comment = [
    '/*',
    ...Array.from({ length: 250 }, (_, i) => `line ${i} of a long comment`),
    '*/',
  ].join('\n');
  const { root, spans } = await coloured('javascript', `let a;\n${comment}\nlet b;`);
  const text = (colour) => spans.filter((span) => span[0] === colour).map(([, text]) => text);
  assert.equal(root.querySelectorAll('code > span').length, 2);
  assert.equal(text('comment').join('\n'), comment);
  assert.deepEqual(text('keyword'), ['let', 'let']);
  assert.match(sourceOfCode(root.querySelector('button')), /^let a;\n[^]*let b;$/);
});

test('a line longer than a chunk is coloured and copied as one', async () => {
  const line = `const a = "${'x'.repeat(20_000)}"; // 😀`;
  const { root, spans } = await coloured('javascript', `let b;\n${line}\nlet c;`);
  assert.equal(root.querySelectorAll('.part').length, 3);
  assert.equal(sourceOfCode(root.querySelector('button')), `let b;\n${line}\nlet c;`);
  assert.equal(
    spans
      .filter(([colour]) => colour === 'string')
      .map(([, text]) => text)
      .join(''),
    `"${'x'.repeat(20_000)}"`,
  );
  assert.deepEqual(
    spans.filter(([colour]) => colour === 'keyword').map(([, text]) => text),
    ['let', 'const', 'let'],
  );
});

test('every language there is can be loaded, with what it builds upon', async () => {
  for (const name of ['JS', 'c++', 'tsx', 'php', 'scala', 'md', 'yml', 'sh', 'html', 'scss'])
    assert.ok(languageCalled(name), name);
  for (const name of ['nonsense', '__proto__', '../../chat', 'core', ''])
    assert.equal(languageCalled(name), undefined);
  for (const language of LANGUAGES.keys()) {
    await load(language);
    if (language !== 'markup-templating')
      assert.equal(typeof globalThis.Prism.languages[language], 'object', language);
  }
});

test('where the browser cannot highlight, code stays plain', () => {
  globalThis.CSS = {};
  const highlighter = new Highlighter({
    parts: () => assert.fail('the colours are not shown'),
  });
  const root = rendered(['```js\nlet a;\n```']);
  highlighter.add(root.querySelector('code'), 'js');
  highlighter.forget(root);
  assert.equal(root.querySelectorAll('code *').length, 1);
});

/** Workers that answer what they are told to, and what became of each. */
function workers(...answers) {
  const all = [];
  const start = () => {
    const worker = {
      asked: 0,
      ended: false,
      terminate: () => (worker.ended = true),
      postMessage() {
        worker.asked++;
        const answer = answers.shift();
        queueMicrotask(() => {
          if (answer === 'error') return worker.onerror();
          worker.onmessage({ data: 'loaded' });
          if (answer) worker.onmessage({ data: { parts: Int32Array.from(answer) } });
        });
      },
    };
    all.push(worker);
    return worker;
  };
  return { all, start };
}

test('a Worker is kept while it answers, and ended where it does not', async () => {
  const { all, start } = workers([1, 0, 1], undefined, [2, 0, 2], 'error', [3, 0, 3]);
  const kept = new Map();
  const memory = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
  };
  const parts = colouring({ start, memory, deadline: 5 });
  const found = await Promise.all(['a', 'b', 'c', 'd', 'e', 'b'].map((text) => parts('js', text)));
  assert.deepEqual(
    found.map((part) => [...part]),
    [[1, 0, 1], [], [2, 0, 2], [], [3, 0, 3], []],
  );
  assert.deepEqual(
    all.map(({ asked, ended }) => [asked, ended]),
    [
      [2, true],
      [2, true],
      [1, false],
    ],
  );

  const again = workers([4, 0, 1]);
  const later = colouring({ start: again.start, memory, deadline: 5 });
  assert.deepEqual([...(await later('js', 'b'))], []);
  assert.equal(again.all.length, 0); // a reload does not try it again
  assert.deepEqual([...(await later('css', 'b'))], [4, 0, 1]); // another language is another thing
});

test('code that is no longer shown when its turn comes is not highlighted', async () => {
  const { all, start } = workers();
  const parts = colouring({ start });
  assert.equal((await parts('js', 'a', () => false)).length, 0);
  assert.equal(all.length, 0);
});

test('a memory that is broken or full changes nothing but that', async () => {
  for (const value of ['{', '{}', 'null', '[1]']) {
    const memory = {
      getItem: () => value,
      setItem() {
        throw new Error('full');
      },
    };
    const { start } = workers(undefined, [1, 0, 1]);
    const parts = colouring({ start, memory, deadline: 1 });
    assert.equal((await parts('js', 'a')).length, 0);
    assert.deepEqual([...(await parts('js', 'b'))], [1, 0, 1]);
  }
});
