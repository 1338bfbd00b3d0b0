// Nothing that an answer says becomes an element, an attribute or an address that it must not be.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import './words.js';
import { decodeEntities } from '../../static/markdown/entities.js';
import { hiddenPlace, safeUrl } from '../../static/markdown/links.js';
import { ANSWER, rendered, renderer, SPEC } from './markdown-rendering.js';

const ATTRIBUTES = {
  a: ['class', 'href', 'rel', 'target'],
  blockquote: ['dir'],
  br: [],
  button: ['aria-label', 'class', 'data-action', 'data-label', 'data-note', 'hidden', 'type'],
  code: ['data-language'],
  del: [],
  details: ['dir'],
  div: ['aria-label', 'class', 'data-full', 'data-note', 'dir', 'role', 'tabindex'],
  em: [],
  h3: [],
  h4: [],
  h5: [],
  h6: [],
  hr: [],
  ins: [],
  kbd: [],
  li: ['class', 'dir'],
  mark: [],
  ol: ['class', 'data-full', 'dir', 'start'],
  p: [],
  pre: ['aria-label', 'role', 'tabindex'],
  small: [],
  span: ['aria-label', 'class', 'data-joined', 'data-label', 'role'],
  strong: [],
  sub: [],
  summary: [],
  sup: ['class'],
  table: [],
  tbody: [],
  td: ['class'],
  th: ['class', 'role'],
  thead: [],
  tr: [],
  u: [],
  ul: ['class', 'data-full', 'dir'],
};
const FREE = ['href', 'start', 'data-language', 'aria-label', 'data-label', 'data-note']; // values that an answer may choose

function assertAllowed(root) {
  for (const element of root.querySelectorAll('*')) {
    const { localName, attributes } = element;
    assert.ok(Object.hasOwn(ATTRIBUTES, localName), `<${localName}>`);
    for (const { name, value } of attributes) {
      assert.ok(ATTRIBUTES[localName].includes(name), `<${localName} ${name}>`);
      if (!FREE.includes(name)) assert.match(value, /^[\w -]+$|^_blank$/, `${name}=${value}`);
    }
    if (localName !== 'a') continue;
    assert.match(element.getAttribute('href'), /^(https?:\/\/|mailto:)/);
    assert.equal(element.getAttribute('rel'), 'noopener noreferrer nofollow');
    assert.equal(element.getAttribute('target'), '_blank');
    assert.equal(element.querySelector('a'), null);
  }
}

const ATTACKS = readFileSync(
  new URL('../data/markdown-attacks.txt', import.meta.url),
  'utf8',
).split('\n%%\n');

test('no attack, one character at a time, yields anything but the few elements an answer may have', () => {
  for (const attack of ATTACKS) {
    const { root, append, finish } = renderer();
    for (const character of attack) {
      append(character);
      assertAllowed(root);
    }
    finish();
    assertAllowed(root);
  }
});

test('nor does anything else', () => {
  for (const text of [ANSWER, ATTACKS.join('\n\n'), ...SPEC]) assertAllowed(rendered([text]));
});

test('no letter of raw HTML is lost', () => {
  const html = '<b onclick="x()">a</b> <script>alert(1)</script> <img src=x onerror=y>';
  assert.equal(rendered([html]).textContent, html);
});

test('links in an image, and images in a link, do not nest', () => {
  const [image] = rendered([
    '[![cat](https://img.example/cat.png)](https://a.example)',
  ]).querySelectorAll('a');
  assert.equal(image.textContent, 'cat a.example');
  assert.equal(
    rendered(['![a [b](https://b.example) c](https://a.example/i.png)']).querySelectorAll('a')
      .length,
    1,
  );
});

test('an image is a link to it', () => {
  const link = rendered([
    '![a *cat*](https://img.example/cat.png "t") ![](http://img.example/)',
  ]).querySelectorAll('a');
  assert.deepEqual(
    [...link].map(({ textContent }) => textContent),
    ['a cat img.example', 'image img.example'],
  );
});

for (const [href, safe] of [
  ['https://example.com/a?b#c', true],
  ['HTTP://EXAMPLE.COM', true],
  ['mailto:a@b.example', true],
  ['javascript:alert(1)', false],
  ['JaVaScRiPt:alert(1)', false],
  ['java\nscript:alert(1)', false],
  ['\u0001javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['blob:https://a.example/1', false],
  ['vbscript:x', false],
  ['file:///etc/passwd', false],
  ['//evil.example', false],
  ['/logout', false],
  ['#a', false],
  ['', false],
  ['https://', false],
  ['tel:123', false],
  ['view-source:https://a.example', false],
  ['https', false],
]) {
  test(`${JSON.stringify(href)} may ${safe ? '' : 'not '}be linked to`, () =>
    assert.equal(Boolean(safeUrl(href)), safe));
}

for (const [text, href, place] of [
  ['https://a.example/b', 'https://a.example/b', ''],
  ['a.example', 'https://a.example/b', ''],
  ['www.a.example/c', 'http://www.a.example', ''],
  ['here', 'https://a.example/b', 'a.example'],
  ['b.example', 'https://a.example/b', 'a.example'],
  ['https://a.example.b.example', 'https://a.example', 'a.example'],
  ['see a.example', 'https://a.example', 'a.example'],
  ['b.example?a.example', 'https://a.example', 'a.example'],
  ['b.example@a.example', 'https://b.example@a.example', 'a.example'],
  ['\u202ea.example', 'https://a.example', 'a.example'],
  ['а.example', 'https://а.example', 'xn--80a.example'], // a Cyrillic letter
  ['a.example:8080', 'https://a.example', 'a.example'],
  ['', 'https://a.example', 'a.example'],
  ['a@b.example', 'mailto:a@b.example', ''],
  ['write', 'mailto:a@b.example?subject=x', 'a@b.example'],
]) {
  test(`of a link ${JSON.stringify(text)} to ${href}, ${place || 'nothing'} must be shown besides`, () =>
    assert.equal(hiddenPlace(new URL(href), text), place));
}

for (const [source, text] of [
  ['&amp;lt;', '&lt;'],
  ['&copy; &hellip; &nbsp;x', '© … \u00a0x'],
  ['&#65;&#x42;&#X43;', 'ABC'],
  ['&#0;&#xD800;&#x110000;', '\ufffd\ufffd\ufffd'],
  ['&nosuch; &amp &#; &#x; &constructor;', '&nosuch; &amp &#; &#x; &constructor;'],
  ['&#12345678;', '&#12345678;'],
]) {
  test(`${source} is ${text}`, () => assert.equal(decodeEntities(source), text));
}

test('references are decoded once in text, addresses and language names, never in code', () => {
  const root = rendered([
    '&lt; &#38;copy; \\&copy; &amp;amp; `&lt;`\n\n[a&copy;](https://a.example/?a&amp;b) <https://a.example/?c&amp;d>\n\n```c&plusmn;\n&lt;\n```\n\n    &gt;',
  ]);
  assert.equal(root.querySelector('p').textContent, '< &copy; &copy; &amp; &lt;');
  const [link, auto] = root.querySelectorAll('a');
  assert.equal(link.getAttribute('href'), 'https://a.example/?a&b');
  assert.equal(auto.getAttribute('href'), 'https://a.example/?c&amp;d');
  assert.equal(root.querySelector('.code-head span').textContent, 'c±');
  assert.deepEqual(
    [...root.querySelectorAll('pre')].map(({ textContent }) => textContent),
    ['&lt;', '&gt;'],
  );
});

test('a mail link opens with that receiver and nothing else', () => {
  for (const href of [
    'mailto:a@b.example?bcc=evil@c.example&body=secret',
    'MAILTO:a@b.example?subject=x#y',
    'mailto:a@b.example?',
  ]) {
    const { href: opened } = safeUrl(href);
    assert.match(opened, /^mailto:a@b\.example\??#?$/);
  }
  const root = rendered(['[write](mailto:a@b.example,c@d.example?bcc=evil@c.example)\n']);
  assert.equal(root.querySelector('a').getAttribute('href'), 'mailto:a@b.example,c@d.example');
  assert.equal(root.textContent, 'write a@b.example,c@d.example');
});
