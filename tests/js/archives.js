// ZIP archives as a test wants them, malformed ones included.
import { deflateRawSync } from 'node:zlib';

/**
 * Return an archive of these files: text or bytes by name, or {bytes, …} that lie about themselves: `claims` its size,
 * `flags`, `method`, `packed` its bytes as they stand there; `wide`: sizes of 64 bits; `late`: sizes after the bytes.
 */
export function archiveOf(files, { comment = '', before = '', wide = false } = {}) {
  const parts = [Buffer.from(before)];
  const list = [];
  let at = before.length;
  for (const [name, given] of Object.entries(files)) {
    const file = typeof given === 'object' && 'bytes' in given ? given : { bytes: given };
    const bytes = Buffer.from(file.bytes);
    const method = file.method ?? 8;
    const packed = file.packed ?? (method === 8 ? deflateRawSync(bytes) : bytes);
    const size = file.claims ?? bytes.length;
    const isWide = wide || file.wide;
    const flags = (file.flags ?? 0) | (file.late ? 8 : 0);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    if (!file.late) local.writeUInt32LE(packed.length, 18);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    const after = file.late ? Buffer.alloc(16) : Buffer.alloc(0);
    parts.push(local, Buffer.from(name), packed, after);
    const extra = Buffer.alloc(isWide ? 28 : 0);
    if (isWide) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      for (const [i, n] of [size, packed.length, at].entries())
        extra.writeBigUInt64LE(BigInt(n), 4 + 8 * i);
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(flags, 8);
    entry.writeUInt16LE(method, 10);
    for (const [place, n] of [
      [20, packed.length],
      [24, size],
      [42, at - before.length],
    ])
      entry.writeUInt32LE(isWide ? 0xffffffff : n, place);
    entry.writeUInt16LE(Buffer.byteLength(name), 28);
    entry.writeUInt16LE(extra.length, 30);
    list.push(entry, Buffer.from(name), extra);
    at += 30 + Buffer.byteLength(name) + packed.length + after.length;
  }
  const listed = Buffer.concat(list);
  const count = Object.keys(files).length;
  return new Blob([...parts, listed, endOf(listed.length, at, count, wide), comment]);

  function endOf(size, offset, entries, isWide) {
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(isWide ? 0xffff : entries, 8);
    end.writeUInt16LE(isWide ? 0xffff : entries, 10);
    end.writeUInt32LE(isWide ? 0xffffffff : size, 12);
    end.writeUInt32LE(isWide ? 0xffffffff : offset - before.length, 16);
    end.writeUInt16LE(comment.length, 20);
    if (!isWide) return end;
    const wideEnd = Buffer.alloc(56);
    wideEnd.writeUInt32LE(0x06064b50, 0);
    wideEnd.writeBigUInt64LE(BigInt(size), 40);
    wideEnd.writeBigUInt64LE(BigInt(offset), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(offset + size), 8);
    return Buffer.concat([wideEnd, locator, end]);
  }
}
