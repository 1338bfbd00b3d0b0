// What a file is, by its bytes and not by its name, as the server finds it out: an image (PNG, JPEG, GIF, WebP) with
// the size that it claims, a PDF, or a text. Nothing is decoded but text.

import { say } from '../system/words.js';
import { CONTROL, textIn, whyNoText } from './file-texts.js';

/** @import { FileKind } from '../types.js' */

/** What of a file is wrong. */
export class Unreadable extends Error {
  #values;

  /** @param {string} key the text that says it, of the file named `file` @param {Record<string, string>} [values] */
  constructor(key, values) {
    super(key);
    this.#values = values;
    /** Whether it is of a kind that a browser may know. */
    this.isForeign = ['file.foreign', 'file.encoding', 'file.controls'].includes(key);
  }

  /** Return the sentence about the file of this name. @param {string} file */
  sentenceFor(file) {
    return say(this.message, { ...this.#values, file });
  }
}

/** PDF readers find the header within this distance from the start. */
const HEADER_BYTES = 1024;
const HEADER = /(?:^|[\0-\x1f\x80-\xff])%PDF-[0-9]/;
const FIRST_PART = /^startxref\s+0\s/;
const LOCKED = /\/Encrypt\s*(?:\d+\s+\d+\s+R|<<)/;
/** A JPEG's segments before its first scan: tens, as a rule. */
const MOST_SEGMENTS = 10_000;
/** Markers of a JPEG's frame, which has its size: all of SOF but DHT, JPG and DAC. */
const isFrame = (/** @type {number} */ marker) =>
  marker >= 0xc0 && marker < 0xd0 && ![0xc4, 0xc8, 0xcc].includes(marker);
/** Markers without a length: TEM and RST0 to RST7. */
const isBare = (/** @type {number} */ marker) => marker <= 1 || (marker >= 0xd0 && marker <= 0xd7);

/** Return what these bytes are; throw `Unreadable` for what Claude cannot read. @param {Uint8Array} bytes @returns {FileKind} */
export function kindOf(bytes) {
  if (!bytes.length) throw new Unreadable('file.empty');
  return imageOf(bytes) ?? pdfOf(bytes) ?? textOf(bytes);
}

/** Return whether a browser may be able to make one of Claude's images of it. @param {Uint8Array} bytes @param {string} type as the browser names it */
export function isOtherImage(bytes, type) {
  const head = latin(bytes.subarray(0, 16));
  return (
    type.startsWith('image/') ||
    head.startsWith('BM') ||
    /^(?:II\*\0|MM\0\*)/.test(head) ||
    isHeic(bytes) ||
    /^....ftypavi[fs]/s.test(head)
  );
}

/** @param {Uint8Array} bytes */
export function isHeic(bytes) {
  return /^....ftyp(?:hei[cfmsx]|hev[cmsx]|mif1|msf1)/s.test(latin(bytes.subarray(0, 16)));
}

/** @param {Uint8Array} bytes @returns {FileKind | undefined} */
function imageOf(bytes) {
  const head = latin(bytes.subarray(0, 12));
  /** @type {[boolean, string, (view: DataView) => [number, number]][]} */
  const formats = [
    [head.startsWith('\x89PNG\r\n\x1a\n'), 'image/png', png],
    [head.startsWith('\xff\xd8\xff'), 'image/jpeg', jpeg],
    [/^GIF8[79]a/.test(head), 'image/gif', gif],
    [/^RIFF....WEBP/s.test(head), 'image/webp', webp],
  ];
  const format = formats.find(([begins]) => begins);
  if (!format) return undefined;
  try {
    const [width, height] = format[2](new DataView(bytes.buffer, bytes.byteOffset, bytes.length));
    if (width && height) return { kind: 'image', type: format[1], width, height };
  } catch {
    // a RangeError: it ends early
  }
  throw new Unreadable('file.damaged-image');
}

/** @param {DataView} view @returns {[number, number]} */
function png(view) {
  if (word(view, 12) !== 'IHDR' || lastIndexOf(view, 'IEND\xaeB`\x82') < 0) return [0, 0];
  return [view.getUint32(16), view.getUint32(20)];
}

/** @param {DataView} view @returns {[number, number]} */
function jpeg(view) {
  /** @type {[number, number]} */
  let size = [0, 0];
  let at = 2;
  for (let n = 0; n < MOST_SEGMENTS; n += 1) {
    while (view.getUint8(at) !== 0xff) at += 1;
    while (view.getUint8(at) === 0xff) at += 1; // before a marker may be padding
    const marker = view.getUint8(at);
    at += 1;
    if (isBare(marker)) continue;
    if (isFrame(marker)) size = [view.getUint16(at + 5), view.getUint16(at + 3)];
    if (marker === 0xda) break; // the first scan
    at += Math.max(2, view.getUint16(at));
  }
  return lastIndexOf(view, '\xff\xd9') >= at ? size : [0, 0];
}

/** Return the size of the screen, after a walk to the end of the first frame. @param {DataView} view @returns {[number, number]} */
function gif(view) {
  let at = 13 + colours(view.getUint8(10));
  while (view.getUint8(at) !== 0x2c) {
    if (view.getUint8(at) !== 0x21) return [0, 0]; // extensions come before the frame
    at = afterBlocks(view, at + 2);
  }
  afterBlocks(view, at + 11 + colours(view.getUint8(at + 9)));
  return [view.getUint16(6, true), view.getUint16(8, true)];
}

/** The bytes of the table of colours that these flags announce. @param {number} flags */
function colours(flags) {
  return flags & 0x80 ? 3 << ((flags & 7) + 1) : 0;
}

/** Return the place after a row of blocks, each of which begins with its length. @param {DataView} view @param {number} at */
function afterBlocks(view, at) {
  for (let length; (length = view.getUint8(at));) at += length + 1;
  return at + 1;
}

/** @param {DataView} view @returns {[number, number]} */
function webp(view) {
  if (view.getUint32(4, true) + 8 > view.byteLength) return [0, 0];
  const kind = word(view, 12);
  const uint24 = (/** @type {number} */ at) =>
    view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  if (kind === 'VP8X') return [uint24(24) + 1, uint24(27) + 1];
  if (kind === 'VP8L' && view.getUint8(20) === 0x2f) {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  if (kind === 'VP8 ' && (view.getUint32(22) & 0xffffff) === 0x9d012a)
    return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
  return [0, 0];
}

/** @param {Uint8Array} bytes @returns {FileKind | undefined} */
function pdfOf(bytes) {
  const start = latin(bytes.subarray(0, HEADER_BYTES));
  const header = HEADER.exec(start);
  if (!header) return undefined;
  const source = latin(bytes);
  const end = source.lastIndexOf('startxref');
  const isInParts = start.includes('/Linearized'); // of which the first has an end, too
  const isWhole = end >= 0 && !(isInParts && FIRST_PART.test(source.slice(end)));
  if (header.index && !isWhole) return undefined; // a text may quote such a line
  if (LOCKED.test(source)) throw new Unreadable('file.locked-pdf');
  if (!isWhole) throw new Unreadable('file.damaged-pdf');
  return { kind: 'pdf', type: 'application/pdf' };
}

/** @param {Uint8Array} bytes @returns {FileKind} */
function textOf(bytes) {
  const text = textIn(bytes);
  if (text === undefined || CONTROL.test(text)) throw new Unreadable(whyNoText(bytes));
  if (!text.trim()) throw new Unreadable('file.blank');
  return { kind: 'text', type: 'text/plain', text };
}

/** One character a byte; those beyond ASCII are not what they were. @param {Uint8Array} bytes */
function latin(bytes) {
  return bytes.length > HEADER_BYTES
    ? new TextDecoder('latin1').decode(bytes)
    : String.fromCharCode(...bytes);
}

/** @param {DataView} view @param {number} at */
function word(view, at) {
  return String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
}

/** @param {DataView} view @param {string} wanted */
function lastIndexOf(view, wanted) {
  const codes = Array.from(wanted, (char) => char.charCodeAt(0));
  let at = view.byteLength - codes.length;
  while (at >= 0 && !codes.every((code, n) => view.getUint8(at + n) === code)) at -= 1;
  return at;
}
