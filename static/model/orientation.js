// Which side of a photo is up: a phone writes it beside the pixels (Exif 3.0, tag 274), where Claude does not see it.

const ORIENTATION = 274;
/** 1 is as the pixels stand, up to 8 are turned or mirrored; browsers take no notice of others. */
const MOST = 8;
/** A tag stands in a table of 12 bytes each. */
const ENTRY_BYTES = 12;
/** How a block of Exif begins in a JPEG. */
const EXIF = 'Exif\0\0';

/** Return whether these bytes of an image say that it is shown turned or mirrored; browsers hear it of JPEG only. @param {Uint8Array} bytes @param {string} type */
export function isTurned(bytes, type) {
  if (type !== 'image/jpeg') return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    const start = tableIn(view);
    const orientation = start ? orientationAt(view, start) : 1;
    return orientation > 1 && orientation <= MOST;
  } catch {
    return false; // a RangeError: the block ends early
  }
}

/** Return where the table of Exif begins, 0 without one. @param {DataView} view */
function tableIn(view) {
  for (let at = 2; view.getUint8(at) === 0xff;) {
    const marker = view.getUint8(at + 1);
    if (marker === 0xe1 && textAt(view, at + 4, 6) === EXIF) return at + 10;
    if (marker === 0xda) break; // the first scan
    at += 2 + view.getUint16(at + 2);
  }
  return 0;
}

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
