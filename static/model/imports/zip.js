// A reader for ZIP archives of any size: the list at the end of the file, and the bytes of one entry at a time
// (APPNOTE 6.3.10, sections 4.3 and 4.5). Nothing is unpacked that is not asked for, and no more than is announced.

/** @typedef {{ name: string, size: number, packed: number, offset: number, method: number, isEncrypted: boolean }} Entry */

/** The archive or one of its entries cannot be read; `code` says why. */
export class BrokenZip extends Error {
  /** @param {'damaged' | 'encrypted' | 'packed' | 'many'} code `packed`: by a method that no browser knows; `many`: too many entries */
  constructor(code) {
    super(`the archive is ${code}`);
    this.code = code;
  }
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const LISTED = 0x02014b50;
const LOCAL = 0x04034b50;
/** May end the list. */
const SIGNATURE = 0x05054b50;
/** The end record with the longest comment. */
const END_BYTES = 22 + 0xffff;
/** A list of 100,000 entries takes about 10 MB. */
const LIST_BYTES = 64 << 20;
const MOST_ENTRIES = 200_000;

/** @param {Blob} blob */
export async function isZip(blob) {
  const bytes = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const head = String.fromCharCode(...bytes);
  return head === 'PK\x03\x04' || head === 'PK\x05\x06';
}

/** Return the files in it; folders are left out. @param {Blob} blob @returns {Promise<Entry[]>} */
export async function entriesOf(blob) {
  const { offset, size, shift } = await listOf(blob);
  if (size > blob.size || offset + shift < 0) throw new BrokenZip('damaged');
  if (size > LIST_BYTES) throw new BrokenZip('many');
  const list = await viewOf(blob, offset + shift, size);
  /** @type {Entry[]} */
  const entries = [];
  for (let at = 0; at < list.byteLength && !isAt(list, at, SIGNATURE);) {
    if (entries.length === MOST_ENTRIES) throw new BrokenZip('many');
    if (at + 46 > list.byteLength || !isAt(list, at, LISTED)) throw new BrokenZip('damaged');
    const [name, extra, comment] = [28, 30, 32].map((place) => list.getUint16(at + place, true));
    if (at + 46 + name + extra > list.byteLength) throw new BrokenZip('damaged');
    entries.push(entryAt(list, at, name, extra, shift));
    at += 46 + name + extra + comment;
  }
  return entries.filter((entry) => !entry.name.endsWith('/'));
}

/** Yield the bytes of an entry. @param {Blob} blob @param {Entry} entry @returns {AsyncGenerator<Uint8Array<ArrayBuffer>>} */
export async function* bytesOf(blob, entry) {
  if (entry.isEncrypted) throw new BrokenZip('encrypted');
  if (entry.method !== 0 && entry.method !== 8) throw new BrokenZip('packed');
  const head = await viewOf(blob, entry.offset, 30);
  if (head.getUint32(0, true) !== LOCAL) throw new BrokenZip('damaged');
  const from = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
  if (from + entry.packed > blob.size) throw new BrokenZip('damaged');
  const packed = blob.slice(from, from + entry.packed).stream();
  let left = entry.size;
  for await (const chunk of chunksOf(entry.method ? inflated(packed) : packed)) {
    left -= chunk.length;
    if (left < 0) throw new BrokenZip('damaged'); // more than it announces: perhaps a bomb
    yield chunk;
  }
  if (left) throw new BrokenZip('damaged');
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>>} packed */
const inflated = (packed) => packed.pipeThrough(new DecompressionStream('deflate-raw'));

/** Safari cannot iterate a stream. @param {ReadableStream<Uint8Array<ArrayBuffer>>} stream */
export async function* chunksOf(stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new BrokenZip('damaged');
      });
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Where the list of entries is; `shift`: so much stands before the archive. @param {Blob} blob */
async function listOf(blob) {
  const start = Math.max(0, blob.size - END_BYTES);
  const tail = await viewOf(blob, start, blob.size - start);
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== END) at -= 1;
  if (at < 0) throw new BrokenZip('damaged');
  const size = tail.getUint32(at + 12, true);
  const offset = tail.getUint32(at + 16, true);
  const is64 = at >= 20 && tail.getUint32(at - 20, true) === LOCATOR_64;
  if (!is64) return { offset, size, shift: start + at - size - offset };
  const end = await viewOf(blob, long(tail, at - 12), 56);
  if (end.getUint32(0, true) !== END_64) throw new BrokenZip('damaged');
  return { offset: long(end, 48), size: long(end, 40), shift: 0 };
}

/** @param {DataView<ArrayBuffer>} list @param {number} at @param {number} name @param {number} extra @param {number} shift @returns {Entry} */
function entryAt(list, at, name, extra, shift) {
  const flags = list.getUint16(at + 8, true);
  const [packed, size, offset] = [20, 24, 42].map((place) => list.getUint32(at + place, true));
  const named = new Uint8Array(list.buffer, list.byteOffset + at + 46, name);
  const wide = wideOf(list, at + 46 + name, extra);
  /** In the order in which the extra field has those that do not fit. @param {number} value */
  const whole = (value) => (value === 0xffffffff && wide.length ? Number(wide.shift()) : value);
  const sizes = { size: whole(size), packed: whole(packed), offset: whole(offset) + shift };
  const method = list.getUint16(at + 10, true);
  const isEncrypted = Boolean(flags & 1);
  return { name: new TextDecoder().decode(named), ...sizes, method, isEncrypted };
}

/** The numbers of 64 bits in an extra field. @param {DataView} list @param {number} from @param {number} length @returns {number[]} */
function wideOf(list, from, length) {
  for (let at = from; at + 4 <= from + length;) {
    const size = list.getUint16(at + 2, true);
    const end = Math.min(at + 4 + size, from + length);
    if (list.getUint16(at, true) === 1) {
      const found = [];
      for (let place = at + 4; place + 8 <= end; place += 8) found.push(long(list, place));
      return found;
    }
    at += 4 + size;
  }
  return [];
}

/** Return whether this begins here. @param {DataView} list @param {number} at @param {number} mark */
const isAt = (list, at, mark) => at + 4 <= list.byteLength && list.getUint32(at, true) === mark;

/** @param {DataView} view @param {number} at */
const long = (view, at) => Number(view.getBigUint64(at, true));

/** @param {Blob} blob @param {number} from @param {number} size */
async function viewOf(blob, from, size) {
  const part = blob.slice(from, from + size);
  if (part.size < size) throw new BrokenZip('damaged');
  return new DataView(await part.arrayBuffer());
}
