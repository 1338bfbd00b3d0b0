// Which side of a photo is up: a phone writes it beside the pixels (Exif 3.0, tag 274), where Claude does not see it.

const ORIENTATION = 274;
/** A tag stands in a table of 12 bytes each. */
const ENTRY_BYTES = 12;
/** How a block of Exif begins in a JPEG. */
const EXIF = 'Exif\0\0';

/** Return whether these bytes of an image say that it is shown turned or mirrored. @param {Uint8Array} bytes @param {string} type */
export function isTurned(bytes, type) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const start = type === 'image/jpeg' ? inJpeg(view) : type === 'image/webp' ? inWebp(view) : 0;
    return start > 0 && orientationAt(view, start) > 1;
  } catch {
    return false; // a RangeError: the block ends early
  }
}

/** Return where the table of Exif begins, 0 where there is none. @param {DataView} view */
function inJpeg(view) {
  let at = 2;
  for (
    ;
    view.getUint8(at) === 0xff && view.getUint8(at + 1) !== 0xda;
    at += 2 + view.getUint16(at + 2)
  )
    if (view.getUint8(at + 1) === 0xe1 && textAt(view, at + 4, 6) === EXIF) return at + 10;
  return 0;
}

/** @param {DataView} view */
function inWebp(view) {
  if (textAt(view, 12, 4) !== 'VP8X') return 0;
  for (let at = 12; ; at += 8 + size(view, at) + (size(view, at) % 2))
    if (textAt(view, at, 4) === 'EXIF') return textAt(view, at + 8, 6) === EXIF ? at + 14 : at + 8;
}

/** The size of a chunk. @param {DataView} view @param {number} at */
const size = (view, at) => view.getUint32(at + 4, true);

/** @param {DataView} view @param {number} start */
function orientationAt(view, start) {
  const isLittle = textAt(view, start, 2) === 'II';
  const table = start + view.getUint32(start + 4, isLittle);
  const count = view.getUint16(table, isLittle);
  for (let n = 0; n < count; n += 1) {
    const entry = table + 2 + n * ENTRY_BYTES;
    if (view.getUint16(entry, isLittle) === ORIENTATION) return view.getUint16(entry + 8, isLittle);
  }
  return 1;
}

/** @param {DataView} view @param {number} at @param {number} length */
function textAt(view, at, length) {
  return Array.from({ length }, (_, n) => String.fromCharCode(view.getUint8(at + n))).join('');
}
