// What a browser gets of a module is the module: the server leaves out the comments that have their lines to
// themselves (claude_sse/web/assets.py), which must be comments wherever they stand.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';

import { parse } from 'espree';

const ROOT = new URL('../../', import.meta.url);
const [, source] = readFileSync(new URL('claude_sse/web/assets.py', ROOT), 'utf8').match(
  /_COMMENT = re\.compile\(rb"(.*?)"/,
);
const COMMENT = new RegExp(source, 'gms');
const STATIC = new URL('static/', ROOT);
const FILES = readdirSync(STATIC, { recursive: true }).filter(
  (name) => name.endsWith('.js') && !name.startsWith('vendor'),
);

for (const name of FILES) {
  test(`${name} is the same without its comments, line by line`, () => {
    const text = readFileSync(new URL(name, STATIC), 'utf8');
    const sent = text.replace(COMMENT, (comment) => '\n'.repeat(comment.split('\n').length - 1));
    assert.ok(sent.length < text.length);
    assert.deepEqual(tree(sent), tree(text));
  });
}

/** The syntax of a module, with the lines of everything in it. */
function tree(text) {
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module', loc: true });
  return JSON.parse(
    JSON.stringify(program, (key, value) =>
      ['start', 'end', 'range', 'column'].includes(key) || typeof value === 'bigint'
        ? undefined
        : value,
    ),
  );
}
