// How much of files goes into one question: Claude's numbers (platform.claude.com, Vision and PDF support), which the
// server checks as well, and the size of a body that the server takes.

import { number, say } from '../system/words.js';

/** @import { FileRef } from '../types.js' */

/** The bytes of an image: 10 MiB in base64. */
export const IMAGE_BYTES = ((10 << 20) / 4) * 3;
/** The images of a question, and likewise the pages of its PDFs. */
export const FILES = 600;
/** The pixels of an image's longer side; with more than 20 images, of each of them. */
export const SIDE_PIXELS = 8000;
export const MANY_IMAGES = 20;
export const SIDE_PIXELS_OF_MANY = 2000;
/** What a question has beside its files: JSON, and a text too short to be a file. */
const BESIDE_FILES = 64 << 10;

/** Return the bytes that a file takes in a body: base64, or a text with its escapes. @param {FileRef} file */
export function sentBytes({ kind, size, sent = Math.ceil(size * 1.1) }) {
  return kind === 'text' ? sent + 300 : Math.ceil(size / 3) * 4 + 300;
}

/**
 * Return why these files cannot be sent together, '' if they can.
 *
 * @param {FileRef[]} files
 * @param {number} maxBody in bytes
 */
export function tooMuch(files, maxBody) {
  const images = files.filter(({ kind }) => kind === 'image');
  const pages = files.reduce((sum, file) => sum + (file.pages ?? 0), 0);
  const bytes = files.reduce((sum, file) => sum + sentBytes(file), 0);
  if (bytes > maxBody - BESIDE_FILES)
    return say('file.too-many-bytes', { size: megabytes(bytes), most: megabytes(maxBody) });
  if (images.length > FILES)
    return say('file.too-many-images', { count: images.length, most: FILES });
  if (pages > FILES) return say('file.too-many-pages', { count: pages, most: FILES });
  const large = images.find((file) => longerSide(file) > SIDE_PIXELS_OF_MANY);
  if (large && images.length > MANY_IMAGES)
    return say('file.too-wide', {
      file: large.name,
      pixels: SIDE_PIXELS_OF_MANY,
      count: MANY_IMAGES,
    });
  return '';
}

/**
 * Return how many of these files, the oldest first, must be left out so that the rest can be sent. The last
 * `needed` are those of the question itself and stay.
 *
 * @param {FileRef[]} files
 * @param {number} maxBody in bytes
 * @param {number} needed
 */
export function tooMany(files, maxBody, needed) {
  let left = 0;
  while (left < files.length - needed && tooMuch(files.slice(left), maxBody)) left += 1;
  return left;
}

/** @param {{ width?: number, height?: number }} file */
export function longerSide({ width = 0, height = 0 }) {
  return Math.max(width, height);
}

/** Return a size in words: `812 bytes`, `34 KB`, `1.2 MB`. @param {number} bytes */
export function megabytes(bytes) {
  if (bytes < 1024) return say('file.bytes', { count: bytes });
  if (bytes < 1 << 20) return say('file.kilobytes', { count: Math.round(bytes / 1024) });
  const size = bytes / (1 << 20);
  return say('file.megabytes', {
    size: number(size, { maximumFractionDigits: size < 10 ? 1 : 0 }),
  });
}
