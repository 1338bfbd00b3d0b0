// Files of a question: what fits into one, what is sent, and what is known of those that come from outside.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pass, settle } from './fake-time.js';
import './words.js';
import { kindOf } from '../../static/model/file-kinds.js';
import { megabytes, tooMany, tooMuch } from '../../static/model/file-limits.js';
import { fileRefs } from '../../static/model/file-refs.js';
import { Files } from '../../static/model/files.js';
import { isTurned } from '../../static/model/orientation.js';
import { isBlank, newAnswer, newQuestion, turnsOf } from '../../static/model/message.js';
import { filesOf } from '../../static/model/request.js';
import { FileGone, bodyOf } from '../../static/model/request-body.js';
import { Late, untilDone } from '../../static/system/time.js';

const MB = 1 << 20;
const image = (more) => ({
  id: 'i',
  name: 'a.png',
  kind: 'image',
  type: 'image/png',
  size: 9,
  width: 5,
  height: 5,
  ...more,
});
const pdf = (pages) => ({
  id: 'p',
  name: 'p.pdf',
  kind: 'pdf',
  type: 'application/pdf',
  size: 9,
  pages,
});
const text = { id: 't', name: 't.txt', kind: 'text', type: 'text/plain', size: 6 };
const BLOBS = { i: new Blob(['\x89PNG\n\0']), p: new Blob(['%PDF-']), t: new Blob(['a "b"\n']) };
const read = async (id) => BLOBS[id];

test('what one question can carry is what the server and Claude take', () => {
  assert.equal(tooMuch([image({ size: 7 * MB })], 10 * MB), '');
  assert.match(tooMuch([image({ size: 7.6 * MB })], 10 * MB), /they are 10 MB/);
  assert.equal(tooMuch(Array(600).fill(image()), 10 * MB), '');
  assert.match(tooMuch(Array(601).fill(image()), 10 * MB), /601 images/);
  assert.equal(tooMuch([pdf(300), pdf(300)], 10 * MB), '');
  assert.match(tooMuch([pdf(300), pdf(301)], 10 * MB), /601 pages/);
  const large = image({ name: 'wide.png', width: 2001 });
  assert.equal(tooMuch([large, ...Array(19).fill(image())], 10 * MB), '');
  assert.match(tooMuch([large, ...Array(20).fill(image())], 10 * MB), /“wide.png”.* 2,000 pixels/);
});

test('older files are left out, as few as possible, and none of the question itself', () => {
  const files = Array.from({ length: 5 }, () => image({ size: 2 * MB }));
  assert.equal(tooMany(files, 10 * MB, 1), 2);
  assert.equal(tooMany(files, 20 * MB, 1), 0);
  assert.equal(tooMany(files, 1 * MB, 2), 3);
});

test('a size is said in the unit that people read', () => {
  const said = [1, 900, 2048, 1.25 * MB, 34 * MB].map(megabytes);
  assert.deepEqual(said, ['1 byte', '900 bytes', '2 KB', '1.3 MB', '34 MB']);
});

test('files come before the text of their question, and questions without an answer are one turn', () => {
  const first = newQuestion('One', 1, '', [image()]);
  const second = newQuestion(' ', 2, '', [text]);
  const turns = turnsOf([first, second, { ...newAnswer(3), text: 'Yes' }, newQuestion('Two', 4)]);
  assert.deepEqual(turns, [
    { role: 'user', content: [{ file: image() }, { text: 'One' }, { file: text }] },
    { role: 'assistant', content: 'Yes' },
    { role: 'user', content: 'Two' },
  ]);
  assert.deepEqual(filesOf(turns), [image(), text]);
  assert.ok(!isBlank(second) && isBlank(newQuestion(' ', 2)));
});

test('the body holds the bytes of the files, and is the same each time', async () => {
  const odd = image({ name: `${'x'.repeat(600)}` });
  const messages = turnsOf([newQuestion('Hi', 1, '', [odd, pdf(2), text])]);
  const bodies = await Promise.all([1, 2].map(() => bodyOf({ messages, system: 'S' }, read)));
  const [one, two] = await Promise.all(bodies.map((body) => body.text()));
  assert.equal(one, two);
  const encoded = (id) => BLOBS[id].arrayBuffer().then((b) => Buffer.from(b).toString('base64'));
  const base64 = { type: 'base64' };
  assert.deepEqual(JSON.parse(one), {
    messages: [
      {
        role: 'user',
        content: [
          {
            type: 'image',
            source: { ...base64, media_type: 'image/png', data: await encoded('i') },
            title: 'x'.repeat(500),
          },
          {
            type: 'document',
            source: { ...base64, media_type: 'application/pdf', data: await encoded('p') },
            title: 'p.pdf',
          },
          {
            type: 'document',
            source: { type: 'text', media_type: 'text/plain', data: 'a "b"\n' },
            title: 't.txt',
          },
          { type: 'text', text: 'Hi' },
        ],
      },
    ],
    system: 'S',
  });
});

test('a file that is left out is named in its place', async () => {
  const messages = turnsOf([
    newQuestion('Hi', 1, '', [image()]),
    { ...newAnswer(2), text: 'Yes' },
    newQuestion('', 3, '', [text]),
  ]);
  const sent = JSON.parse(await (await bodyOf({ messages }, read, 1)).text());
  assert.equal(sent.messages[0].content[0].text, '[The file “a.png” is left out here.]');
  assert.equal(sent.messages[2].content[0].type, 'document');
});

test('a question without files is sent as the text that it was', async () => {
  assert.equal(
    await bodyOf({ messages: [{ role: 'user', content: 'Hi' }], model: 'm' }, read),
    '{"messages":[{"role":"user","content":"Hi"}],"model":"m"}',
  );
});

test('a file that the browser has lost is named', async () => {
  const messages = turnsOf([newQuestion('Hi', 1, '', [image({ id: 'gone' })])]);
  await assert.rejects(bodyOf({ messages }, read), (error) => {
    assert.ok(error instanceof FileGone);
    return /“a.png” is no longer kept/.test(error.message);
  });
});

test('references from outside are taken only as far as they can be used', () => {
  assert.deepEqual(fileRefs([image(), pdf(2), text]), [image(), pdf(2), text]);
  for (const wrong of [null, 7, 'abc', {}, [null], [[]], [{ ...text, kind: '__proto__' }]])
    assert.deepEqual(fileRefs(wrong), []);
  assert.deepEqual(
    fileRefs([
      { ...image(), type: 'text/html' },
      { ...text, id: 7 },
    ]),
    [],
  );
  assert.deepEqual(fileRefs([{ ...text, name: '', size: -1 }]), []);
  assert.equal(fileRefs([{ ...text, name: { toString: () => 'x' } }])[0].name, 'file');
});

test('where nothing can be stored, a file is kept in memory and says so', async () => {
  const files = new Files({ open: () => Promise.reject(new Error('forbidden')) });
  const { id, isStored } = await files.keep(new Blob(['hello']));
  assert.equal(id, '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
  assert.equal(isStored, false);
  assert.equal(await (await files.blob(id)).text(), 'hello');
  assert.deepEqual(await files.total(), { count: 1, bytes: 5 });
  assert.equal(await files.blob('other'), undefined);
  await files.sweep(async () => new Set());
  assert.equal((await files.total()).count, 1);
});

/** A browser's database of files: what is put into it is there for the next transaction. */
function database(tables = { blobs: new Map(), kept: new Map() }, { takesBlobs = true } = {}) {
  const answer = (result) => {
    const request = { result };
    queueMicrotask(() => request.onsuccess?.());
    return request;
  };
  return {
    tables,
    transaction() {
      let isRefused = false;
      const transaction = {
        error: new DOMException('Error preparing Blob/File data', 'UnknownError'),
        objectStore: (name) => ({
          get: (key) => answer(tables[name].get(key)),
          put: (value, key = value.id) => {
            isRefused ||= !takesBlobs && value instanceof Blob;
            return answer(isRefused || tables[name].set(key, value));
          },
        }),
      };
      setImmediate(() => (isRefused ? transaction.onabort() : transaction.oncomplete()));
      return transaction;
    },
  };
}

/** Resolve when the transactions that have begun are complete. */
const stored = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('a file is not gone while the database does not open, and is there when it does', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let resolve;
  const files = new Files({ open: () => opening });
  const opening = new Promise((now) => (resolve = now));
  const reading = assert.rejects(files.blob('i'), Late);
  await pass(t, 3);
  await reading;
  const drawing = untilDone(
    () => files.blob('i'),
    () => true,
  );
  await pass(t, 3);
  resolve(database({ blobs: new Map([['i', BLOBS.i]]), kept: new Map() }));
  await pass(t, 5);
  await stored();
  assert.equal(await drawing, BLOBS.i);
});

test('a file that is given before the database opens is stored when it does', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let resolve;
  const files = new Files({ open: () => opening });
  const opening = new Promise((now) => (resolve = now));
  let isOver = false;
  const keeping = files.keep(BLOBS.t).finally(() => (isOver = true));
  while (!isOver) {
    await pass(t, 1);
    await stored(); // and the digest, which another thread makes
  }
  const { id, isStored } = await keeping;
  assert.equal(isStored, false);
  const opened = database();
  resolve(opened);
  await settle();
  await stored();
  assert.equal(opened.tables.blobs.get(id), BLOBS.t);
  assert.equal(await files.blob(id), BLOBS.t);
});

test('a database that the browser has closed is opened again for the file', async () => {
  const closed = {
    transaction: () => {
      throw new DOMException('The database connection is closing.', 'InvalidStateError');
    },
  };
  const opened = [closed, database({ blobs: new Map([['i', BLOBS.i]]), kept: new Map() })];
  const files = new Files({ open: async () => opened.shift() });
  assert.equal(await files.blob('i'), BLOBS.i);
});

test('where the browser stores no Blob, as in a private window of Safari, its bytes are kept', async () => {
  const opened = database(undefined, { takesBlobs: false });
  const { id, isStored } = await new Files({ open: async () => opened }).keep(BLOBS.t);
  assert.equal(isStored, true);
  const again = await new Files({ open: async () => opened }).blob(id);
  assert.ok(again instanceof Blob);
  assert.equal(again.type, BLOBS.t.type);
  assert.equal(await again.text(), await BLOBS.t.text());
});

test('what is not wanted any more is not attempted again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let attempts = 0;
  const done = untilDone(
    async () => {
      attempts += 1;
      throw new Error('not now');
    },
    () => attempts < 2,
  );
  await pass(t, 20);
  assert.equal(await done, undefined);
  assert.equal(attempts, 2);
});

test('a text counts as what it is in JSON, where that is known', () => {
  const quotes = { ...text, size: 6 * MB, sent: 12 * MB };
  assert.match(tooMuch([quotes], 10 * MB), /they are 12 MB/);
  assert.equal(tooMuch([{ ...text, size: 6 * MB }], 10 * MB), '');
  assert.deepEqual(fileRefs([quotes]), [quotes]);
});

test('a file that is not a text says what to do with it', () => {
  const why = (bytes) => {
    try {
      return kindOf(new Uint8Array(bytes)).text;
    } catch (error) {
      return error.message;
    }
  };
  /** How an archive begins: the head of its first file, and the name. */
  const zip = (name, data = '') =>
    Buffer.concat([Buffer.from('PK\x03\x04\x14\0'), Buffer.alloc(24), Buffer.from(name + data)]);
  const old = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ...Buffer.alloc(99)];
  assert.equal(why(zip('word/document.xml')), 'file.office');
  assert.equal(why(zip('xl/workbook.xml')), 'file.office');
  assert.equal(why(old), 'file.office');
  assert.equal(why(zip('mimetype', 'application/vnd.oasis.opendocument.text')), 'file.office');
  assert.equal(why(zip('src/main.py')), 'file.archive');
  assert.equal(why(zip('photo.raw', 'xl/ stands in 10 MB by chance')), 'file.archive');
  assert.equal(why(Buffer.from('\x1f\x8b\b\0 word/', 'latin1')), 'file.archive');
  assert.equal(why([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), 'file.archive');
  assert.equal(why(Buffer.from('Größe;1,5', 'latin1')), 'file.encoding');
  assert.equal(why([0xb2, 0xe2, 0xca, 0xd4]), 'file.encoding'); // GBK
  assert.equal(why(Buffer.from(`${'a log '.repeat(40)}\0\0`)), 'file.controls');
  assert.equal(why([0, 0, 1, 0, 1, 0, 16, 16]), 'file.foreign'); // an icon
});

test('a zero by mistake makes no text of another script', () => {
  const isRead = (words, encoding) => kindOf(new Uint8Array(Buffer.from(words, encoding))).text;
  for (const words of ['name;Größe\r\n', 'Привет, мир! Как дела?', 'a', '{"x": "日本"}'])
    assert.equal(isRead(words, 'utf16le'), words);
  for (const words of ['text\0tex', 'ab\0c', 'Привет, мир, и ноль\0 по ошибке: вот он какой'])
    assert.throws(() => isRead(words));
});

/** A table of Exif that says which side is up. */
function exif(orientation, isLittle) {
  const view = new DataView(new ArrayBuffer(26));
  view.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  const numbers = [
    [2, 42, 16],
    [4, 8, 32],
    [8, 1, 16],
    [10, 274, 16],
    [12, 3, 16],
    [14, 1, 32],
    [18, orientation, 16],
  ];
  for (const [at, value, bits] of numbers) view[`setUint${bits}`](at, value, isLittle);
  return Buffer.from(view.buffer);
}

test('whether a photo is shown turned is read where phones write it', () => {
  const jpeg = (table) => {
    const block = Buffer.concat([Buffer.from('Exif\0\0'), table]);
    const head = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1, 0xff, 0xe1, 0, block.length + 2]);
    return new Uint8Array(Buffer.concat([head, block, Buffer.from([0xff, 0xda, 0, 2])]));
  };
  for (const isLittle of [true, false])
    for (const turn of [0, 1, 2, 3, 6, 8, 9])
      assert.equal(isTurned(jpeg(exif(turn, isLittle)), 'image/jpeg'), turn > 1 && turn < 9);
  const whole = jpeg(exif(6, true));
  for (let end = 0; end < whole.length - 10; end += 1)
    assert.equal(isTurned(whole.subarray(0, end), 'image/jpeg'), false, `${end}`);
  assert.equal(isTurned(new Uint8Array([0x89]), 'image/png'), false);
});
