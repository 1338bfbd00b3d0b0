// The text that a file is, in UTF-8 or UTF-16; or why it is not a text.

/** Characters that do not occur in a text. */
export const CONTROL = /[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]/;
/** Control characters that do: tab, line feed, form feed, carriage return and escape. */
const SPACES = [0x09, 0x0a, 0x0c, 0x0d, 0x1b];
/** A smaller share of the bytes of a text may be there by mistake. */
const FEW = 1 / 50;
/** How archives begin: ZIP (as documents of Office do), gzip, 7-Zip, RAR, Zstandard, bzip2, xz. */
const ARCHIVE = /^(?:PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd|BZh|\xfd7zXZ)/;
/** A file of Word, Excel, PowerPoint or OpenDocument in a ZIP: the name stands 26 bytes after the mark of its head. */
const OFFICE = /PK\x03\x04[^]{26}(?:(?:word|xl|ppt)\/|mimetypeapplication\/vnd\.oasis)/;
/** How the older files of Office begin. */
const OLD_OFFICE = /^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/;

/** Return the text that these bytes are, without a byte order mark; undefined if they are not a text. @param {Uint8Array} bytes */
export function textIn(bytes) {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return decoded('utf-16le', bytes);
  if (first === 0xfe && second === 0xff) return decoded('utf-16be', bytes);
  return decoded(wideName(bytes) || 'utf-8', bytes);
}

/** Return the key of the sentence about these bytes, which are not a text. @param {Uint8Array} bytes */
export function whyNoText(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  if (OLD_OFFICE.test(head)) return 'file.office';
  if (ARCHIVE.test(head)) return isOffice(bytes) ? 'file.office' : 'file.archive';
  const controls = controlsIn(bytes);
  if (!controls) return 'file.encoding';
  const isNearly = controls < bytes.length * FEW && decoded('utf-8', bytes) !== undefined;
  return isNearly ? 'file.controls' : 'file.foreign';
}

/**
 * Return the encoding of these bytes if they are UTF-16 without a mark, otherwise ''. Each second byte of its ASCII
 * characters is zero, and hardly two bytes of ASCII stand together, as they do in a text that has a zero by mistake.
 *
 * @param {Uint8Array} bytes
 */
function wideName(bytes) {
  if (bytes.length % 2 || !bytes.includes(0)) return '';
  const zeros = [0, 0];
  let narrow = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    const [one, other] = [bytes[at], bytes[at + 1]];
    if (!one !== !other) zeros[one ? 1 : 0] += 1;
    else if (isPlain(one) && isPlain(other)) narrow += 1;
  }
  const wide = Math.max(...zeros);
  if (wide <= narrow || wide < bytes.length * FEW) return '';
  return zeros[1] === wide ? 'utf-16le' : 'utf-16be';
}

/** @param {Uint8Array} bytes of a ZIP, perhaps */
const isOffice = (bytes) => OFFICE.test(new TextDecoder('latin1').decode(bytes));

/** Return how many of these bytes are control characters. @param {Uint8Array} bytes */
function controlsIn(bytes) {
  let count = 0;
  for (const byte of bytes) if (byte < 0x20 && !isPlain(byte)) count += 1;
  return count;
}

/** Return whether this byte is a character of ASCII in a text. @param {number} byte */
const isPlain = (byte) => (byte >= 0x20 && byte < 0x7f) || SPACES.includes(byte);

/** @param {string} encoding @param {Uint8Array} bytes */
function decoded(encoding, bytes) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
