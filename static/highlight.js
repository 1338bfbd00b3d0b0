// Colours for finished code without a node more: Prism cuts it into tokens, and the CSS Custom Highlight API
// paints ranges of its text (::highlight() in markdown.css). Only code near the screen has ranges: the
// browser checks all that exist after each change of the page.

/** Longer code stays plain: Prism takes 27 ms for this much, at once. */
const MOST_CHARACTERS = 50_000;

/** The languages we know, each with what it builds upon. */
const LANGUAGES = table('bash css clike diff docker elixir graphql haskell ini json lua makefile markup nginx powershell ' +
  'python r rust sql swift toml yaml c:clike cpp:c csharp:clike dart:clike go:clike java:clike javascript:clike ' +
  'jsx:markup:javascript kotlin:clike markdown:markup markup-templating:markup php:markup-templating protobuf:clike ' +
  'ruby:clike scala:java scss:css tsx:jsx:typescript typescript:javascript');
const ALIASES = table('c#:csharp c++:cpp cs:csharp dockerfile:docker golang:go hs:haskell html:markup js:javascript ' +
  'jsonc:json kt:kotlin md:markdown mjs:javascript patch:diff ps1:powershell py:python rb:ruby rs:rust sh:bash ' +
  'shell:bash svg:markup ts:typescript xml:markup yml:yaml zsh:bash');
/** Our colours by Prism's names; others take the colour around them, an interpolation takes none. */
const COLOURS = new Map(
  ['comment prolog doctype cdata shebang', 'keyword atrule important rule boolean',
    'string char regex attr-value url template-string inserted', 'number constant symbol unit',
    'name function class-name builtin namespace tag selector key', 'property attr-name variable parameter', 'deleted']
    .flatMap((names) => names.split(' ').map((name, _, [colour]) => /** @type {const} */ ([name, colour]))),
).set('interpolation', '');

/** @import { CodeNearby, Span } from './types.js' */

/** `add` a complete `<code>`; `forget` those within an element that leaves the page. */
export function createHighlighter() {
  /** @type {Map<Element, CodeNearby>} */
  const blocks = new Map();
  const observer = 'highlights' in CSS ? new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) (isIntersecting ? show : hide)(target);
  }, /** @type {IntersectionObserverInit} */ ({ scrollMargin: '300px' })) : undefined;

  async function show(code) {
    const block = blocks.get(code);
    if (!block) return;
    block.near = true;
    block.spans ??= load(block.language).then(idle).then(() => spansOf(code, block.language));
    /** @type {Span[]} */
    const spans = await block.spans.catch(() => []); // plain, then
    if (!block.near || block.ranges.length) return;
    block.ranges = spans.map(({ colour, ...span }) => {
      const name = `code-${colour}`;
      const highlight = CSS.highlights.get(name) ?? new Highlight();
      CSS.highlights.set(name, highlight);
      const range = new StaticRange(span);
      highlight.add(range);
      return { highlight, range };
    });
  }

  function hide(code) {
    const block = blocks.get(code);
    if (!block) return;
    block.near = false;
    for (const { highlight, range } of block.ranges) highlight.delete(range);
    block.ranges = [];
  }

  return {
    /** `name` as it stands behind the fence. */
    add(code, name) {
      const [language = name.toLowerCase()] = ALIASES.get(name.toLowerCase()) ?? [];
      if (!observer || !LANGUAGES.has(language) || code.textContent.length > MOST_CHARACTERS) return;
      blocks.set(code, { language, ranges: [] });
      observer.observe(code);
    },

    forget(root) {
      for (const code of blocks.keys()) {
        if (!root.contains(code)) continue;
        observer?.unobserve(code);
        hide(code);
        blocks.delete(code);
      }
    },
  };
}

/** From `name:value:value name ...`. */
function table(text) {
  return new Map(text.split(' ').map((entry) => entry.split(':')).map(([name, ...values]) => [name, values]));
}

const loaded = new Map();

/** Load a language after those it builds upon, once. @returns {Promise<void>} */
export function load(language) {
  if (!loaded.has(language)) loaded.set(language, fetchPrism(language));
  return loaded.get(language);
}

async function fetchPrism(language) {
  // Else Prism would highlight the page by itself, with innerHTML, which the CSP forbids.
  if (language === 'core') Object.assign(globalThis, { Prism: { manual: true, disableWorkerMessageHandler: true } });
  else await load('core');
  for (const base of LANGUAGES.get(language) ?? []) await load(base);
  // eslint-disable-next-line no-unsanitized/method -- a name in LANGUAGES, or core
  await import(`./vendor/prism/prism-${language}.min.js`);
}

/** The coloured parts of a `<code>` in a language that is loaded. */
export function spansOf(code, language) {
  const chunks = Array.from(code.children, (chunk) => chunk.firstChild);
  /** @type {Span[]} */
  const spans = [];
  let [chunk, at] = [0, 0];
  const walk = (token, colour) => {
    if (Array.isArray(token)) for (const part of token) walk(part, colour);
    else if (typeof token === 'string') paint(token.length, colour);
    else {
      const name = [token.alias ?? [], token.type].flat().find((name) => COLOURS.has(name));
      walk(token.content, name ? COLOURS.get(name) : colour);
    }
  };
  const paint = (left, colour) => {
    for (;;) {
      const node = chunks[chunk];
      const end = Math.min(at + left, node.length);
      if (colour && end > at) spans.push({ colour, startContainer: node, startOffset: at, endContainer: node, endOffset: end });
      left -= end - at;
      at = end;
      if (!left) return;
      left--; // the newline between two chunks
      [chunk, at] = [chunk + 1, 0];
    }
  };
  const { Prism } = /** @type {any} */ (globalThis);
  walk(Prism.tokenize(chunks.map((node) => node.data).join('\n'), Prism.languages[language]), '');
  return spans;
}

function idle() {
  return new Promise((resolve) => {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(resolve, { timeout: 1000 });
    else setTimeout(resolve, 50);
  });
}
