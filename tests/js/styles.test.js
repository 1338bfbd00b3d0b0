// The style sheets name what the page has, and nothing else.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const FOLDERS = { 'static/': /^(?!vendor\/).*\.(js|svg)$/, 'templates/': /\.html$/ };

const read = (path) => readFileSync(new URL(path, ROOT), 'utf8');
const withoutComments = (css) => css.replace(/\/\*[^]*?\*\//g, '');
const STYLES = readdirSync(new URL('static/styles', ROOT)).map((name) => `static/styles/${name}`);
const CSS = STYLES.map((path) => withoutComments(read(path))).join('\n');
const PAGE = Object.entries(FOLDERS)
  .flatMap(([folder, kind]) =>
    readdirSync(new URL(folder, ROOT), { recursive: true })
      .map(String)
      .filter((name) => kind.test(name))
      .map((name) => read(folder + name)),
  )
  .join('\n');
const WORDS = new Set(PAGE.match(/[\w-]+/g));

/** `data-left-out` is also `dataset.leftOut`. */
const inScript = (name) =>
  name.replace(/^data-/, '').replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
const isOfPage = (name) => WORDS.has(name) || WORDS.has(inScript(name));
const namesIn = (text, pattern) => [...new Set(Array.from(text.matchAll(pattern), ([, n]) => n))];

test('every class, id and attribute that a style sheet names is in a module or a template', () => {
  const selectors = namesIn(CSS, /(?:^|[{};])([^{};]*)(?=\{)/g).join('\n');
  const unknown = [
    ...namesIn(selectors, /[.#]([A-Za-z][\w-]*)/g),
    ...namesIn(selectors, /\[([a-z][\w-]*)/g),
  ].filter((name) => !isOfPage(name));
  assert.deepEqual(unknown, []);
});

test('every custom property is set and used', () => {
  const all = CSS + PAGE;
  const used = namesIn(all, /var\((--[a-z][\w-]*)/g);
  const set = namesIn(all, /(?<!var\()(--[a-z][\w-]*)['"]?\s*[:,]/g);
  assert.deepEqual(
    used.filter((name) => !set.includes(name)),
    [],
    'used, not set',
  );
  assert.deepEqual(
    set.filter((name) => !used.includes(name)),
    [],
    'set, not used',
  );
});

test('every animation is used, and each one used is there', () => {
  const there = namesIn(CSS, /@keyframes\s+([\w-]+)/g);
  const used = namesIn(CSS, /\banimation(?:-name)?:\s*([a-z][\w-]*)/g).filter((n) => n !== 'none');
  assert.deepEqual(used.sort(), there.sort());
});

test('every id of a template is used, and every icon is shown', () => {
  const templates = readdirSync(new URL('templates', ROOT)).map((name) =>
    read(`templates/${name}`),
  );
  const timesOf = (pattern) => (PAGE + CSS).split(new RegExp(pattern)).length - 1;
  const unused = namesIn(templates.join('\n'), /\bid="([\w-]+)"/g).filter((id) =>
    id.startsWith('i-')
      ? !timesOf(`['"]${id.slice(2)}['"]`)
      : timesOf(`(?<![\\w-])${id}(?![\\w-])`) < 2,
  );
  assert.deepEqual(unused, []);
});
