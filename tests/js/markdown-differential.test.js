// What the page shows of Markdown is what a reference makes of it, except for what docs/markdown.md lists.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { loadEntities } from '../../static/markdown/entities.js';
import { InlineParser } from '../../static/markdown/parser/inline.js';
import { CHOSEN } from './markdown-chosen.js';
import { randomDocument } from './markdown-documents.js';
import { CHANGES, reference } from './markdown-reference.js';
import { dice, inside, pieces, rendered, SPEC, whole } from './markdown-rendering.js';
import { ours } from './markdown-shown.js';

/** Few in a quick run; each takes the reference up to 50 ms. */
const RANDOM = Number(process.env.CLAUDE_SSE_DOCUMENTS ?? 60);
const PART = 300;
/** Other random documents come from another one. */
const SEED = Number(process.env.CLAUDE_SSE_SEED ?? 100);

await loadEntities();
const explained = new Map(CHANGES.map((change) => [change, 0]));
const counts = { documents: 0, equal: 0, explained };

/** What is shown of a text, and whether it has an address in brackets that are no link. */
function shownOf(text) {
  const { parse } = InlineParser.prototype;
  let isHidden = false;
  InlineParser.prototype.parse = function () {
    const tokens = parse.call(this);
    isHidden ||= this.hasHiddenAddress;
    return tokens;
  };
  try {
    return { shown: ours(text), isHidden };
  } finally {
    InlineParser.prototype.parse = parse;
  }
}

function compare(text, seek = false) {
  const { shown, isHidden } = shownOf(text);
  counts.documents++;
  if (reference(text, []) === shown) return void counts.equal++;
  const changed = reference(text, CHANGES);
  if (changed !== shown) {
    // How an address and the brackets in it divide a text is not rebuilt here for every case.
    if (!isHidden) assert.equal(shown, changed, JSON.stringify(text));
    return void explained.set('bracketed-addresses', explained.get('bracketed-addresses') + 1);
  }
  for (const change of CHANGES) {
    if (!seek && explained.get(change)) continue;
    if (
      reference(
        text,
        CHANGES.filter((other) => other !== change),
      ) !== shown
    )
      explained.set(change, explained.get(change) + 1);
  }
}

test('every example of the CommonMark specification is what the reference makes of it', () => {
  for (const text of SPEC) compare(text);
});

test('every chosen document is what the reference makes of it, and looks the same in any split', () => {
  assert.ok(CHOSEN.length >= 200, `${CHOSEN.length}`);
  const random = dice(11);
  for (const text of CHOSEN) {
    compare(text);
    assert.equal(
      inside(rendered(pieces(text, 9, random))),
      inside(whole(text)),
      JSON.stringify(text),
    );
  }
});

for (let part = 0; part < RANDOM / PART; part++) {
  test(`random documents, part ${part + 1}: what the reference makes of them, in any split`, () => {
    const random = dice(SEED + part);
    for (let n = 0; n < Math.min(PART, RANDOM); n++) {
      const text = randomDocument(random);
      compare(text);
      assert.equal(
        inside(rendered(pieces(text, 40, random))),
        inside(whole(text)),
        JSON.stringify(text),
      );
    }
  });
}

test('each difference is listed with its reason, and each that is listed occurs', () => {
  const docs = readFileSync(new URL('../../docs/markdown.md', import.meta.url), 'utf8');
  const listed = [...docs.matchAll(/^\| `([\w-]+)`\s*\|/gm)].map(([, name]) => name);
  assert.deepEqual(listed, CHANGES);
  console.log(JSON.stringify({ ...counts, explained: Object.fromEntries(explained) }));
  for (const [change, count] of explained) assert.ok(count, `${change} explains nothing`);
});
