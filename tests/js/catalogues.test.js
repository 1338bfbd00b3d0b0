// The catalogues say all that the page says, in every language, and nothing else.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { learn, say, sentenceOf, someOf } from '../../static/system/words.js';
import { catalogueOf } from './words.js';

const ROOT = new URL('../../', import.meta.url);
const TAGS = readdirSync(new URL('static/languages', ROOT)).map((name) => name.slice(0, -5));
const OTHERS = TAGS.filter((tag) => tag !== 'en');
/** What is written the same in both languages; each is a word of both. */
const SAME = {
  de: ['file.megabytes', 'sign-in.name', 'sign-in.token'],
};
/** The server's own sentence stands for these, because it has what the code does not tell. */
const UNTRANSLATED = {
  bad_request: 'it names the field and its limit',
  http_error: 'it says what HTTP does not allow',
  unsupported_parameter: 'it names the parameter; for programs only',
  unknown_url: 'for programs only',
  two_credentials: 'for programs only',
  method_not_allowed: 'for programs only',
  unsupported_media_type: 'for programs only',
  forbidden: 'it says what the operator must set',
  setting: 'it names the setting',
  rejected: 'it has the reason that Claude gave',
};
const english = catalogueOf('en');
const isOfError = (key) => key.startsWith('error.');

/** The codes of the server's errors: the rows of two tables. */
function codes() {
  const protocol = readFileSync(new URL('docs/protocol.md', ROOT), 'utf8');
  const tables = protocol.slice(protocol.indexOf('| `code` | status |'));
  const rows = tables.slice(0, tables.indexOf('## 11.')).matchAll(/^\| `(\w+)` \| (?!status|`)/gm);
  return new Set(Array.from(rows, ([, code]) => code).filter((code) => code !== 'code'));
}
const textsOf = (catalogue) => Object.entries(catalogue).filter(([key]) => key !== '_language');
const formsOf = (text) => (typeof text === 'string' ? { other: text } : text);
const placesOf = (text) =>
  [...new Set(Object.values(formsOf(text)).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();

/** The keys that modules and templates name, and the beginnings of those that are chosen as they run. */
function used() {
  const [keys, beginnings] = [new Set(), new Set()];
  for (const [folder, type] of [
    ['static/', '.js'],
    ['templates/', '.html'],
  ]) {
    for (const name of readdirSync(new URL(folder, ROOT), { recursive: true })) {
      if (!name.endsWith(type) || name.startsWith('vendor')) continue;
      const source = readFileSync(new URL(folder + name, ROOT), 'utf8');
      for (const [, key] of source.matchAll(/\bsay\(\s*['"]([\w.-]+)['"]/g)) keys.add(key);
      for (const [, , key] of source.matchAll(/(['"])([a-z][\w-]*\.[\w.-]+)\1/g))
        if (Object.hasOwn(english, key)) keys.add(key);
      for (const [, start] of source.matchAll(/`([a-z][\w-]*\.[\w.-]*)\$\{/g))
        beginnings.add(start);
    }
  }
  return { keys, beginnings };
}

test('every key that is used has a text, and every text is used', () => {
  const { keys, beginnings } = used();
  const all = textsOf(english).map(([key]) => key);
  assert.ok(beginnings.delete('error.')); // English is the server's own
  const isBegun = (key) => [...beginnings].some((start) => key.startsWith(start));
  assert.deepEqual(
    [...keys].filter((key) => !all.includes(key)),
    [],
    'without a text',
  );
  assert.deepEqual(
    all.filter((key) => !keys.has(key) && !isBegun(key)),
    [],
    'without a use',
  );
  for (const start of beginnings)
    assert.ok(
      all.some((key) => key.startsWith(start)),
      start,
    );
});

for (const tag of TAGS) {
  const catalogue = catalogueOf(tag);
  const texts = textsOf(catalogue);

  test(`${tag} is sorted, has a name and a direction, and is named as Intl names it`, () => {
    const keys = Object.keys(catalogue);
    assert.deepEqual(keys, [...keys].sort());
    assert.ok(['ltr', 'rtl'].includes(catalogue._language.dir) && catalogue._language.name);
    assert.deepEqual(Intl.getCanonicalLocales(tag), [tag]);
  });

  test(`${tag} has a form for each plural category of the language`, () => {
    const { pluralCategories } = new Intl.PluralRules(tag).resolvedOptions();
    for (const [key, text] of texts) {
      if (typeof text === 'string') assert.ok(text.trim() === text && text, key);
      else assert.deepEqual(Object.keys(text), [...pluralCategories].sort(), key);
    }
  });
}

for (const tag of OTHERS) {
  const catalogue = catalogueOf(tag);

  test(`${tag} has the texts of English, with the same places`, () => {
    const keys = (texts) => textsOf(texts).flatMap(([key]) => (isOfError(key) ? [] : [key]));
    assert.deepEqual(keys(catalogue), keys(english));
    for (const [key, text] of textsOf(catalogue)) {
      if (isOfError(key)) continue;
      assert.deepEqual(placesOf(text), placesOf(english[key]), key);
      const isPlural = (one) => typeof one !== 'string';
      assert.equal(isPlural(text), isPlural(english[key]), key);
    }
  });

  test(`${tag} has a text for every code of the server whose sentence has no particulars`, () => {
    const texts = Object.keys(catalogue).filter(isOfError);
    const wanted = [...codes()].filter((code) => !(code in UNTRANSLATED));
    assert.deepEqual(texts, wanted.map((code) => `error.${code}`).sort());
    for (const code of Object.keys(UNTRANSLATED)) assert.ok(codes().has(code), code);
    for (const key of texts) assert.deepEqual(placesOf(catalogue[key]), [], key);
  });

  test(`${tag} is translated`, () => {
    const same = textsOf(catalogue).filter(([key, text]) => {
      const words = Object.values(formsOf(text)).join(' ');
      const isText = /\p{L}{2}/u.test(words.replace(/\{\w+\}/g, ''));
      return isText && !isOfError(key) && words === Object.values(formsOf(english[key])).join(' ');
    });
    assert.deepEqual(
      same.map(([key]) => key),
      SAME[tag] ?? [],
    );
  });
}

test('a text has its values, and numbers are written as the language writes them', () => {
  const texts = { 'a.files': { one: '{count} file of {name}', other: '{count} files of {name}' } };
  learn(texts, 'en');
  assert.equal(say('a.files', { count: 1, name: 'x' }), '1 file of x');
  assert.equal(say('a.files', { count: 12345, name: '{count}' }), '12,345 files of {count}');
  learn({ 'a.files': { few: '{count} soubory', other: '{count} souborů' } }, 'cs');
  assert.deepEqual(
    [2, 5].map((count) => say('a.files', { count })),
    ['2 soubory', '5 souborů'],
  );
  for (const [regions, written] of [
    [[], /^1\.234,5 KB$/],
    [['fr-CH', 'de-CH', 'de-DE'], /^1['’]234\.5 KB$/],
    [['den', 'en-GB'], /^1\.234,5 KB$/],
  ]) {
    learn({ 'a.size': '{size} KB' }, 'de', regions);
    assert.match(say('a.size', { size: 1234.5 }), written);
  }
});

test('a sentence has the first of many names, and a sign that there are more', () => {
  assert.equal(someOf(['a', 'b']), 'a, b');
  assert.equal(someOf(['a', 'b'], 3), 'a, b, …');
  assert.equal(someOf([...'abcdefg']), 'a, b, c, d, e, …');
});

test('what is missing is said as it is named, and nothing throws', () => {
  learn({ 'a.b': '{x} of {constructor}', 'a.c': { other: 'many' } }, 'en');
  assert.equal(say('a.b'), '{x} of {constructor}');
  for (const key of ['nothing.here', 'constructor', '__proto__', '']) assert.equal(say(key), key);
  assert.equal(say('a.c'), 'many');
});

test("the server's sentence is said by its code, and as it is where the code is unknown", () => {
  learn({ 'error.busy': 'Voll.', 'network.again-at': 'Ab {time}.' }, 'de');
  assert.equal(sentenceOf('Every slot is taken.', 'busy', 5), 'Voll.');
  assert.match(sentenceOf('Every slot is taken.', 'busy', 7200), /^Voll\. Ab .*\d+:\d\d\.$/);
  assert.equal(sentenceOf('A host says so.', 'of_the_host'), 'A host says so.');
  assert.equal(sentenceOf('No code.', undefined), 'No code.');
  learn(english, 'en');
  assert.equal(sentenceOf('Every slot is taken.', 'busy', 7200), 'Every slot is taken.');
});
