// How many pages a PDF has, without rendering it. They are objects (ISO 32000-2, 7.7.3.3), which since PDF 1.5
// mostly stand in compressed object streams; those are inflated up to a bound. The server counts in the same way.

const INFLATED_BYTES = 32 << 20;
const PAGE = /\/Type\s*\/Page(?![A-Za-z0-9#])/g;
const COUNT = /\/Count\s+(\d{1,7})/g;
const OBJECT_STREAM = /\/Type\s*\/ObjStm\b/g;
/** The longest dictionary of an object stream. */
const DICTIONARY_BYTES = 1000;

/**
 * Return the pages of a PDF, 0 where they cannot be found. Every bound that the file gives is an upper one, and the
 * least is taken: the root of the tree of pages has the largest `/Count`, and an edited file still has the pages of
 * its earlier versions.
 *
 * @param {Uint8Array} bytes
 */
export async function pagesOf(bytes) {
  const parts = [latin(bytes), ...(await inflated(bytes))];
  const found = parts.reduce((sum, part) => sum + (part.match(PAGE)?.length ?? 0), 0);
  const counts = parts.flatMap((part) => Array.from(part.matchAll(COUNT), ([, n]) => Number(n)));
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  return counts.length && found ? Math.min(most, found) : Math.max(found, most);
}

/** Return the object streams of a PDF, up to a bound. @param {Uint8Array} bytes */
async function inflated(bytes) {
  const source = latin(bytes);
  const parts = [];
  let left = INFLATED_BYTES;
  for (const { index } of source.matchAll(OBJECT_STREAM)) {
    const begin = source.indexOf('stream', index + 12);
    const end = source.indexOf('endstream', begin + 6);
    if (begin < 0 || begin > index + DICTIONARY_BYTES || end < 0 || left <= 0) break;
    const start = begin + (source[begin + 6] === '\r' ? 8 : 7);
    const part = await inflate(bytes.subarray(start, end), left);
    left -= part.length;
    parts.push(latin(part));
  }
  return parts;
}

/** Return what these bytes inflate to, up to a bound and to the first damage. @param {Uint8Array} bytes @param {number} most */
async function inflate(bytes, most) {
  const stream = new DecompressionStream('deflate');
  const writer = stream.writable.getWriter();
  const written = writer.write(new Uint8Array(bytes)).then(() => writer.close());
  written.catch(() => {}); // what was read until then counts
  const reader = stream.readable.getReader();
  const chunks = [];
  let size = 0;
  try {
    for (let chunk; size < most && (chunk = await reader.read()).value;) {
      chunks.push(chunk.value);
      size += chunk.value.length;
    }
  } catch {
    // another filter, damage, or bytes after the end
  }
  await reader.cancel().catch(() => {});
  return joined(chunks, Math.min(size, most));
}

/** @param {Uint8Array[]} chunks @param {number} most */
function joined(chunks, most) {
  const whole = new Uint8Array(most);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk.subarray(0, most - at), at);
    at += Math.min(chunk.length, most - at);
  }
  return whole;
}

/** One character a byte. @param {Uint8Array} bytes */
function latin(bytes) {
  return new TextDecoder('latin1').decode(bytes);
}
