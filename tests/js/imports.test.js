// Exports of claude.ai and ChatGPT, well-formed and malformed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Notes } from '../../static/model/imports/notes.js';
import { readExport } from '../../static/model/imports/read-export.js';
import { MessageTree } from '../../static/model/tree.js';
import { archiveOf } from './archives.js';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Read a file; return its conversations, and what was noted by kind. */
async function read(file) {
  const blob =
    file instanceof Blob
      ? file
      : new Blob([typeof file === 'string' ? file : JSON.stringify(file)]);
  const notes = new Notes();
  const found = [];
  for await (const taken of readExport(blob, notes)) found.push(taken);
  return {
    found,
    notes: Object.fromEntries(notes.all.map(({ kind, count }) => [kind, count])),
    all: notes.all,
  };
}

/** What is shown of a conversation. */
function shown({ meta, all }) {
  const tree = new MessageTree();
  tree.all = all;
  return tree.path(meta.chosen).map(({ role, text }) => [role, text]);
}

const CLAUDE = {
  uuid: 'c1',
  name: 'On rivers',
  created_at: '2025-03-01T10:00:00.000000Z',
  updated_at: '2025-03-02T10:00:00.000000Z',
  chat_messages: [
    {
      uuid: 'm1',
      sender: 'human',
      text: 'Which is longest?',
      content: [{ type: 'text', text: 'Which is longest?' }],
      created_at: '2025-03-01T10:00:01Z',
      attachments: [
        { file_name: 'notes.txt', file_size: 4, file_type: 'txt', extracted_content: 'Nile' },
      ],
      files: [{ file_name: 'notes.txt' }, { file_name: 'map.png', file_uuid: 'f1' }],
    },
    {
      uuid: 'm2',
      sender: 'assistant',
      text: 'ignored',
      content: [
        { type: 'thinking', thinking: 'Let me see.' },
        { type: 'tool_use', name: 'web_search', input: { query: 'rivers' } },
        { type: 'tool_result', content: [{ type: 'text', text: 'Found.' }] },
        {
          type: 'text',
          text: 'The Nile.',
          citations: [{ end_index: 8, details: { url: 'https://a.org/x' } }],
        },
        {
          type: 'tool_use',
          name: 'artifacts',
          input: { title: 'List', language: 'python', content: 'x = 1\n' },
        },
        { type: 'hologram', light: 3 },
      ],
      created_at: '2025-03-01T10:00:05Z',
    },
  ],
};

const node = (id, parent, role, content, more = {}) => ({
  id,
  parent,
  children: [],
  message: role && {
    id,
    author: { role },
    create_time: 1_700_000_000.5,
    content: typeof content === 'string' ? { content_type: 'text', parts: [content] } : content,
    recipient: 'all',
    metadata: {},
    ...more,
  },
});
const mapping = (nodes) => Object.fromEntries(nodes.map((one) => [one.id, one]));
const gpt = (nodes, more = {}) => ({
  id: 'g1',
  title: 'Branches',
  create_time: 1_700_000_000,
  update_time: 1_700_000_100,
  mapping: mapping(nodes),
  ...more,
});

const GPT = gpt(
  [
    node('root', null, null),
    node('sys', 'root', 'system', ''),
    node('about', 'sys', 'user', {
      content_type: 'user_editable_context',
      user_profile: 'A sailor.',
    }),
    node('q', 'about', 'user', 'Hello'),
    node('a1', 'q', 'assistant', 'First answer'),
    node('t', 'q', 'assistant', {
      content_type: 'thoughts',
      thoughts: [{ summary: 'Plan', content: 'Greet.' }],
    }),
    node(
      'call',
      't',
      'assistant',
      { content_type: 'code', language: 'python', text: 'print(1)' },
      { recipient: 'python' },
    ),
    node('out', 'call', 'tool', { content_type: 'execution_output', text: '1' }),
    node('a2', 'out', 'assistant', 'Second \ue200cite\ue202turn0\ue201answer', {
      metadata: {
        model_slug: 'gpt-x',
        content_references: [
          {
            matched_text: '\ue200cite\ue202turn0\ue201',
            items: [{ title: 'T', url: 'https://b.org/' }],
          },
        ],
      },
    }),
    node('q2', 'a1', 'user', 'And then?'),
    node('a3', 'q2', 'assistant', 'Third answer'),
  ],
  { current_node: 'a2' },
);

test('a conversation of claude.ai keeps its texts, thoughts, files, sources, title and dates', async () => {
  const { found, notes } = await read([CLAUDE]);
  const [{ meta, all, files }] = found;
  assert.equal(meta.title, 'On rivers');
  assert.equal(meta.at, Date.parse('2025-03-01T10:00:00Z'));
  assert.equal(meta.touched, Date.parse('2025-03-02T10:00:00Z'));
  assert.deepEqual(
    all.map(({ role }) => role),
    ['user', 'assistant'],
  );
  assert.match(all[0].text, /^Which is longest\?\n\n> map\.png$/); // named where it is missing
  assert.deepEqual(
    all[0].files.map(({ name, kind, size }) => [name, kind, size]),
    [['notes.txt', 'text', 4]],
  );
  assert.equal(await files[0].blob.text(), 'Nile');
  assert.match(
    all[1].text,
    /^The Nile\.\n\n\*\*List\*\*\n\n```python\nx = 1\n```\n\n```json\n\{[^]*"hologram"/,
  );
  assert.match(all[1].thinking, /^Let me see\.[^]*web_search[^]*rivers[^]*Found\./);
  assert.deepEqual(all[1].sources, [{ url: 'https://a.org/x', title: '', number: 1 }]);
  assert.equal(all[1].citations[0].at, 8);
  assert.deepEqual(notes, { images: 1, unknown: 1 });
  assert.ok(
    all.every(({ state, accepted }) => state === undefined || (state === 'done' && accepted)),
  );
});

test('parents of claude.ai are versions; the root of all is nobody', async () => {
  const message = (uuid, sender, text, parent_message_uuid) => ({
    uuid,
    sender,
    text,
    parent_message_uuid,
  });
  const chat_messages = [
    message('a', 'human', 'Q', '00000000-0000-4000-8000-000000000000'),
    message('b', 'assistant', 'one', 'a'),
    message('c', 'assistant', 'two', 'a'),
    message('d', 'human', 'lost parent', 'gone'),
  ];
  const { found } = await read([{ uuid: 'v', chat_messages, current_leaf_message_uuid: 'b' }]);
  assert.deepEqual(shown(found[0]), [
    ['user', 'Q'],
    ['assistant', 'one'],
  ]);
  assert.equal(found[0].all.length, 4);
});

test('a tree of ChatGPT becomes versions, the shown one first; pieces of an answer are one', async () => {
  const { found, notes } = await read([GPT]);
  const [{ meta, all }] = found;
  assert.deepEqual(shown(found[0]), [
    ['user', 'Hello'],
    ['assistant', 'Second answer'],
  ]);
  assert.equal(all.length, 5);
  const answer = all.find(({ text }) => text === 'Second answer');
  assert.match(answer.thinking, /\*\*Plan\*\*[^]*Greet\.[^]*python[^]*print\(1\)[^]*1/);
  assert.equal(answer.model, 'gpt-x');
  assert.deepEqual(answer.sources, [{ url: 'https://b.org/', title: 'T', number: 1 }]);
  assert.equal(meta.system, 'A sailor.');
  assert.equal(answer.at, 1_700_000_000_500);
  assert.deepEqual(notes, {});
});

test('versions of one moment stay in the order of the export', async () => {
  const texts = [...'abcdefghij'];
  const answers = texts.map((text) => node(text, 'q', 'assistant', text));
  const { found } = await read([gpt([node('q', null, 'user', 'Q'), ...answers])]);
  const tree = new MessageTree();
  tree.all = found[0].all;
  const [question] = tree.after('');
  assert.deepEqual(
    tree.after(question.id).map(({ text }) => text),
    texts,
  );
});

test('what is imported twice has the same ids, and other conversations have others', async () => {
  const ids = async (file) =>
    (await read(file)).found.flatMap(({ meta, all }) => [meta.id, ...all.map(({ id }) => id)]);
  for (const one of [CLAUDE, GPT]) {
    assert.deepEqual(await ids([one]), await ids([one]));
    const both = await ids([one, { ...one, uuid: 'other', id: 'other' }]);
    assert.equal(new Set(both).size, both.length);
    assert.ok(
      both.every((id) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(id),
      ),
    );
  }
});

test('images in the archive are attached, to the question where an answer made them', async () => {
  const pointer = (id) => ({ content_type: 'image_asset_pointer', asset_pointer: id });
  const one = gpt([
    node(
      'q',
      null,
      'user',
      {
        content_type: 'multimodal_text',
        parts: ['file-service://file-AbC1', 'sediment://file_gone', 'sediment://file_huge']
          .map(pointer)
          .concat('Look'),
      },
      {
        metadata: { attachments: [{ id: 'file-AbC1', name: 'photo.png', mime_type: 'image/png' }] },
      },
    ),
    node('a', 'q', 'tool', {
      content_type: 'multimodal_text',
      parts: [pointer('sediment://file_0001'), { content_type: 'audio_asset_pointer' }],
    }),
  ]);
  const file = archiveOf({
    'conversations.json': JSON.stringify([one]),
    'file-AbC1-photo.png': PNG,
    'user-1/file_0001-x.png': PNG,
    'file_huge.pdf': { bytes: '', claims: (64 << 20) + 1 },
    'chat.html': '<html>',
  });
  const { found, notes } = await read(file);
  const [question, answer] = found[0].all;
  assert.deepEqual(
    question.files.map(({ name, kind, width }) => [name, kind, width]),
    [
      ['photo.png', 'image', 1],
      ['image', 'image', 1],
    ],
  );
  assert.equal(found[0].files.length, 2);
  assert.equal(answer.text, '*[image]*');
  assert.deepEqual(notes, { images: 1, large: 1, recordings: 1 });
});

test('broken records stop nothing else', async () => {
  const records = [
    null,
    7,
    'x',
    [],
    {},
    { mapping: null },
    { chat_messages: 5 },
    CLAUDE,
    { mapping: { a: null, b: 3, c: { message: 'no', parent: 'c' } } },
    GPT,
  ];
  const { found, notes } = await read(records);
  assert.deepEqual(
    found.map(({ meta }) => meta.title),
    ['On rivers', 'Branches'],
  );
  assert.equal(notes['no-conversation'], 7);
  assert.equal(notes.empty, 1);
});

test('a file that is cut off gives what is whole, and says so', async () => {
  const whole = JSON.stringify([CLAUDE, GPT]);
  const { found, notes } = await read(whole.slice(0, -20));
  assert.deepEqual(
    found.map(({ meta }) => meta.title),
    ['On rivers'],
  );
  assert.equal(notes.cut, 1);
});

test('wrong types anywhere throw nothing and lose no other message', async () => {
  const odd = [null, 5, true, 'text', [[]], { toString: null }, -1e300];
  const put = (value, path, target) => {
    const copy = structuredClone(target);
    const last = path.at(-1);
    path.slice(0, -1).reduce((place, key) => place[key], copy)[last] = value;
    return copy;
  };
  const paths = (value, path = []) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([key, one]) => [
          [...path, key],
          ...paths(one, [...path, key]),
        ])
      : [];
  for (const target of [CLAUDE, GPT]) {
    const variants = paths(target).flatMap((path) => odd.map((value) => put(value, path, target)));
    const { found } = await read(JSON.stringify([...variants, CLAUDE]));
    assert.ok(found.length > variants.length * 0.8);
    for (const { meta, all } of found) {
      assert.equal(typeof meta.title, 'string');
      assert.ok(Number.isFinite(meta.at) && Number.isFinite(meta.touched));
      for (const one of all)
        assert.ok(
          typeof one.text === 'string' && Number.isFinite(one.n) && Number.isFinite(one.at),
        );
      const tree = new MessageTree();
      tree.all = all;
      assert.equal(tree.all.length, new Set(all.map(({ id }) => id)).size);
    }
  }
});

test('circles, strangers and prototype names in a mapping are cut, and every message is there once', async () => {
  const nodes = [
    node('a', 'c', 'user', 'in a circle'),
    node('b', 'a', 'assistant', 'B'),
    node('c', 'b', 'user', 'C'),
    node('self', 'self', 'user', 'own parent'),
    node('orphan', 'nobody', 'user', 'no parent'),
    node('constructor', '__proto__', 'user', 'prototype'),
  ];
  const one = gpt(nodes);
  const text = JSON.stringify([one]).replace(
    '"constructor":',
    '"__proto__":{"message":null,"parent":"self"},"constructor":',
  );
  const { found } = await read(text);
  assert.deepEqual(found[0].all.map((message) => message.text).sort(), [
    'B',
    'C',
    'in a circle',
    'no parent',
    'own parent',
    'prototype',
  ]);
  const seen = new Set();
  for (const { id, parent } of found[0].all) {
    assert.ok(parent === '' || seen.has(parent)); // each after its parent
    seen.add(id);
  }
});

test('a chain of 100,000 nodes is read, and what is beyond is counted', async () => {
  const nodes = [];
  for (let n = 0; n < 150_000; n += 1)
    nodes.push(node(`n${n}`, n ? `n${n - 1}` : null, n % 2 ? 'assistant' : 'user', `t${n}`));
  const { found, notes } = await read([gpt(nodes)]);
  assert.equal(found[0].all.length, 100_000);
  assert.equal(notes.beyond, 50_000);
});

test('JSON is nested as deeply as it likes', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const broken = JSON.stringify(CLAUDE).replace('"light":3', `"light":${deep}`);
  const { found } = await read(`[${broken}, ${JSON.stringify(GPT)}]`);
  assert.equal(found.at(-1).meta.title, 'Branches');
});

test('archives are read with wide sizes, sizes after the bytes, a comment, something before, stored or packed', async () => {
  const json = JSON.stringify([CLAUDE]);
  for (const file of [
    archiveOf({ 'conversations.json': json }),
    archiveOf({ 'x/conversations.json': json }, { wide: true }),
    archiveOf(
      { 'conversations.json': { bytes: json, late: true } },
      { comment: 'PK\x05\x06 hello' },
    ),
    archiveOf(
      { 'conversations.json': { bytes: json, method: 0 } },
      { comment: 'x'.repeat(60_000) },
    ),
    archiveOf({ 'other-name.json': json, 'users.json': '[{}]', '__MACOSX/._x.json': 'x' }),
    archiveOf({ 'conversations-000.json': json, 'conversations-001.json': JSON.stringify([GPT]) }),
  ]) {
    const { found, notes } = await read(file);
    assert.equal(found[0].meta.title, 'On rivers');
    assert.ok(!notes['no-conversation']);
  }
});

test('projects and memories of an archive are counted by their files', async () => {
  const file = archiveOf({
    'conversations.json': JSON.stringify([CLAUDE]),
    'projects.json': JSON.stringify([{ uuid: 'p', docs: [] }, { uuid: 'q' }]),
  });
  const { all } = await read(file);
  assert.deepEqual(
    all.find(({ kind }) => kind === 'no-conversation'),
    { kind: 'no-conversation', count: 2, names: ['projects.json'] },
  );
});

test('an archive whose list breaks off or is too long is refused, not taken in part', async () => {
  const json = JSON.stringify([CLAUDE]);
  const refused = async (file, code) => assert.rejects(read(file), { name: 'Error', code });
  const bytes = async (files) => Buffer.from(await archiveOf(files).arrayBuffer());
  const marks = (whole, from = 0) => whole.indexOf(Buffer.from('PK\x01\x02'), from);
  for (const spoil of [
    (whole, second) => whole.fill(0, second, second + 4), // no entry
    (whole, second) => whole.writeUInt16LE(9_999, second + 28), // a name beyond the list
    (whole) => whole.writeUInt32LE(whole.readUInt32LE(whole.length - 10) - 5, whole.length - 10), // cut
  ]) {
    const whole = await bytes({ 'a.json': json, 'b.json': json });
    spoil(whole, marks(whole, marks(whole) + 1));
    await refused(new Blob([whole]), 'zip-damaged');
  }
  const one = await bytes({ 'a.json': json });
  const entry = one.subarray(marks(one), one.length - 22);
  const end = one.subarray(-22);
  const listed = async (count, more = Buffer.alloc(0)) => {
    const list = Buffer.concat([...Array(count).fill(entry), more]);
    end.writeUInt32LE(list.length, 12);
    return new Blob([one.subarray(0, marks(one)), list, end]);
  };
  await refused(await listed(200_001), 'zip-many');
  await refused(await listed(1, Buffer.alloc((64 << 20) + 1)), 'zip-many');
  const signed = await listed(1, Buffer.from('PK\x05\x05\x00\x00'));
  assert.equal((await read(signed)).found.length, 1);
});

test('an archive that lies about its sizes, is encrypted, damaged or a bomb is refused by name', async () => {
  const json = JSON.stringify([CLAUDE]);
  const refused = async (file, code) => assert.rejects(read(file), { name: 'Error', code });
  await refused(archiveOf({ 'conversations.json': { bytes: json, flags: 1 } }), 'zip-encrypted');
  await refused(archiveOf({ 'conversations.json': { bytes: json, method: 99 } }), 'zip-packed');
  await refused(
    archiveOf({ 'conversations.json': { bytes: `[${' '.repeat(1 << 20)}`, claims: 100 } }),
    'zip-damaged',
  );
  await refused(
    archiveOf({ 'conversations.json': { bytes: json, packed: Buffer.from('nonsense') } }),
    'zip-damaged',
  );
  await refused(
    archiveOf({ 'conversations.json': { bytes: json, claims: 2 ** 40, wide: true } }),
    'zip-large',
  );
  const whole = Buffer.from(await archiveOf({ 'conversations.json': json }).arrayBuffer());
  await refused(new Blob([whole.subarray(0, -30)]), 'zip-damaged');
  await refused(archiveOf({}), 'none');
  const { found, notes } = await read(
    archiveOf({ 'a.json': { bytes: json, flags: 1 }, 'b.json': json }),
  );
  assert.equal(found.length, 1);
  assert.equal(notes.encrypted, 1);
});

test('any archive with altered bytes is read or refused in words', async () => {
  const whole = Buffer.from(
    await archiveOf({ 'conversations.json': JSON.stringify([CLAUDE, GPT]) }).arrayBuffer(),
  );
  for (let at = 0; at < whole.length; at += 4) {
    const altered = Buffer.from(whole);
    altered[at] ^= 0xff;
    await read(new Blob([altered])).catch((error) =>
      assert.ok(error.code, `byte ${at}: ${error.stack}`),
    );
  }
});

test('a file that is none of these says what is expected', async () => {
  for (const file of ['[]', '{}', '[1]', '{"a":1}', '{"conversations":[]}', '[{"role":"user"}]'])
    await assert.rejects(read(file), { code: 'none' });
  for (const file of [
    '',
    'just text',
    '{"format":"claude-sse"}',
    '{"format":"claude-sse","version":99,"conversations":[]}',
  ])
    await assert.rejects(
      read(file),
      ({ code, said }) => code === 'none' || (code === 'ours' && said.length > 5),
    );
});

test('a large file that is none of these is not read to its end', async () => {
  const noise = new Blob(Array(200).fill(new Uint8Array(100_000).fill(7)));
  let read = 0;
  const reading = readExport(noise, new Notes(), (part) => (read = part));
  await assert.rejects(reading.next(), { code: 'none' });
  assert.ok(read < 0.2, `${read} of it was read`);
});

test('why a file cannot be imported is a sentence that lacks nothing', () => {
  const source = readFileSync(
    new URL('../../static/model/imports/read-export.js', import.meta.url),
    'utf8',
  );
  const codes = [...source.matchAll(/NotImportable\('([\w-]+)'/g)].map(([, code]) => code);
  assert.ok(codes.length >= 3);
  for (const language of ['en', 'de']) {
    const file = new URL(`../../static/languages/${language}.json`, import.meta.url);
    const sentences = JSON.parse(readFileSync(file, 'utf8'));
    for (const code of codes) assert.match(sentences[`import.${code}`], /^[^{]+\.$/, code);
  }
});

test('one conversation alone, as their pages have it, is read as well', async () => {
  for (const one of [CLAUDE, GPT, { conversations: [GPT] }]) {
    const { found } = await read(one);
    assert.equal(found.length, 1);
  }
});
