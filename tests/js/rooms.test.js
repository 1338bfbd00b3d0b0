// The tree is the architecture: one number a folder of static/, and imports go down.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';

const STATIC = fileURLToPath(new URL('../../static/', import.meta.url));
/** Folders of one floor do not know each other; the view has Markdown passed in. */
const FLOORS = { app: 4, view: 3, markdown: 3, network: 1, model: 1, system: 0, vendor: 0 };
/** The entries, which templates load. */
const ENTRY_FLOOR = 5;
const PURE = ['model', 'network', 'system'];
/** What exists only where there is a page; storage, locks and the network exist elsewhere as well. */
const DOM =
  /\b(?:document\b(?!')|window|location|history|HTML\w*Element|Element|querySelector|addEventListener\('(?:click|key))/;
const LINES = 250;
/** A screen; what a function encloses counts as its own lines. */
const FUNCTION_LINES = 50;
const PARSING = { ecmaVersion: 'latest', sourceType: 'module', locations: true };
const EXPORT = /^export (?:async )?(?:function|const|let|class) ([\w$]+)/gm;

const FILES = readdirSync(STATIC, { recursive: true })
  .map((name) => String(name).replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.js') && !name.startsWith('vendor/'))
  .sort();
const source = (name) => readFileSync(join(STATIC, name), 'utf8');
const withoutComments = (text) => text.replace(/\/\*[^]*?\*\/|(?<![:'"`])\/\/.*$/gm, '');

/** The folder of a file; an entry is a room of its own. */
const roomOf = (name) => (name.includes('/') ? name.split('/')[0] : name);
const floorOf = (room) => FLOORS[room] ?? (room.endsWith('.js') ? ENTRY_FLOOR : undefined);

/** The files that this one imports, or names in a string: a Worker's, one in `import()`, or a part's. */
function importsOf(name) {
  const text = withoutComments(source(name));
  const names = [...text.matchAll(/'(\.{1,2}\/[\w./-]+\.js)'/g)];
  const parts = [...text.matchAll(/\bload\('([\w./-]+\.js)'\)/g)];
  return [
    ...names.map(([, path]) => normalize(join(dirname(name), path)).replaceAll('\\', '/')),
    ...parts.map(([, path]) => path),
  ];
}

/** The modules that must have run before this one does; parts and Workers are loaded later. */
const importedStatically = (name) =>
  [...withoutComments(source(name)).matchAll(/\bfrom '(\.{1,2}\/[\w./-]+\.js)'/g)]
    .map(([, path]) => normalize(join(dirname(name), path)).replaceAll('\\', '/'))
    .filter((path) => FILES.includes(path));

/** The scripts of a folder, and the Python files, in which scripts stand as text. */
const filesIn = (folder) =>
  readdirSync(new URL(folder, import.meta.url), { recursive: true })
    .filter((name) => /\.(js|py)$/.test(name))
    .map((name) => fileURLToPath(new URL(folder + name, import.meta.url)));

/** Return the pairs of rooms of which the first imports the second; `system` is for every room, `vendor` not ours. */
function arrows() {
  const pairs = FILES.flatMap((name) =>
    importsOf(name).map((path) => `${roomOf(name)} → ${roomOf(path)}`),
  );
  return [...new Set(pairs)]
    .filter(
      (pair) => pair.split(' → ')[0] !== pair.split(' → ')[1] && !/ (system|vendor)$/.test(pair),
    )
    .sort();
}

for (const name of FILES) {
  test(`imports of ${name} go down, and it is one thought`, () => {
    const room = roomOf(name);
    assert.ok(floorOf(room) !== undefined, `${room} has no floor`);
    for (const path of importsOf(name)) {
      const to = roomOf(path);
      assert.ok(to === room || floorOf(to) < floorOf(room), `${room} must not import ${path}`);
      if (to !== 'vendor') assert.ok(FILES.includes(path), `there is no ${path}`);
    }
    assert.ok(source(name).startsWith('// '), 'it opens with a sentence');
    assert.ok(source(name).split('\n').length - 1 <= LINES, `it is longer than ${LINES} lines`);
  });
}

for (const name of FILES.filter((path) => PURE.includes(roomOf(path)))) {
  test(`${name} knows no DOM`, () => {
    assert.doesNotMatch(withoutComments(source(name)), DOM);
  });
}

test('functions are short, with the functions that they enclose', () => {
  for (const name of FILES)
    for (const { loc } of functionsIn(parse(source(name), PARSING)))
      assert.ok(loc.end.line - loc.start.line < FUNCTION_LINES, `${name}:${loc.start.line}`);
});

/** Yield the nodes of all functions at and below a node of a syntax tree. */
function* functionsIn(node) {
  if (/Function/.test(node.type)) yield node;
  for (const below of Object.values(node).flat())
    if (typeof below?.type === 'string') yield* functionsIn(below);
}

test('every name that a module exports is used by another module, or by a test', () => {
  const users = [
    ...FILES.map((name) => [name, source(name)]),
    ['types.d.ts', source('types.d.ts')],
    ...filesIn('../../tests/').map((path) => [path, readFileSync(path, 'utf8')]),
  ];
  const words = users.map(([name, text]) => [name, new Set(text.match(/[\w$]+/g))]);
  for (const name of FILES)
    for (const [, word] of source(name).matchAll(EXPORT))
      assert.ok(
        words.some(([user, used]) => user !== name && used.has(word)),
        `${word} of ${name} is used by no other file`,
      );
});

test('no module imports itself by way of others', () => {
  const passed = new Set();
  const visit = (/** @type {string} */ name, /** @type {string[]} */ way) => {
    assert.ok(!way.includes(name), [...way, name].join(' → '));
    if (passed.has(name)) return;
    for (const path of importedStatically(name)) visit(path, [...way, name]);
    passed.add(name);
  };
  for (const name of FILES) visit(name, []);
});

test('what a template loads is an entry, and each entry is loaded', () => {
  const templates = new URL('../../templates/', import.meta.url);
  const loaded = readdirSync(templates).flatMap((name) => [
    ...readFileSync(new URL(name, templates), 'utf8').matchAll(/filename='([\w/.-]+\.js)'/g),
  ]);
  assert.deepEqual(
    [...new Set(loaded.map(([, path]) => path))].sort(),
    FILES.filter((name) => !name.includes('/')),
  );
});

test('rooms and arrows are as few as a drawing can show', (t) => {
  const rooms = new Set(FILES.map(roomOf));
  t.diagnostic(`${rooms.size} rooms, ${arrows().length} arrows: ${arrows().join(', ')}`);
  assert.ok(rooms.size <= 10); // `early.js`, which is not a module, stands alone among them
  assert.ok(arrows().length <= 11);
});
