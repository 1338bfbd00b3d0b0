// From a file that the reader gives to one that can be sent: what it is, scaled down where it is a large photo, and
// kept. Why one cannot be sent is said before anything is.

import {
  IMAGE_BYTES,
  SIDE_PIXELS,
  longerSide,
  megabytes,
  sentBytes,
} from '../model/file-limits.js';
import { Unreadable, isHeic, isOtherImage, kindOf } from '../model/file-kinds.js';
import { files } from '../model/files.js';
import { isTurned } from '../model/orientation.js';
import { load } from '../system/parts.js';
import { say } from '../system/words.js';
import { STEPS, scaled } from './scaled-image.js';

/** @import { FileKind, FileRef } from '../types.js' */
/** @typedef {{ blob: Blob, isUpright?: boolean } & FileKind} Known `isUpright`: it was turned for that */

/** A photo of more bytes is not read. */
const LARGEST_PHOTO_BYTES = 200 << 20;
/** One image takes no more than this share of what a question can carry, or it is scaled down. */
const SHARE = 1 / 3;
const HEAD_BYTES = 64;

/**
 * Return a file that is kept, as a message refers to it, whether a reload will find it, and in words what was done to
 * it; throw `Unreadable`.
 *
 * @param {File} file
 * @param {{ maxBody: number, room: number }} limits in bytes: of a whole body, and what is left of it
 */
export async function readFile(file, { maxBody, room }) {
  const known = await fileOf(file, maxBody);
  const fits = Math.min(room, maxBody * SHARE);
  const kept = await keep(await shrunk(known, fits), file.name);
  const isSmaller = kept.ref.kind === 'image' && file.size > kept.ref.size * 1.1;
  const change = known.isUpright ? 'file.upright' : isSmaller ? 'file.smaller' : '';
  return { ...kept, change: change && say(change) };
}

/** Return the same file as a smaller image. @param {FileRef} ref @param {number} side in pixels */
export async function shrink(ref, side) {
  const blob = await files.blob(ref.id);
  if (!blob) return ref;
  const { ref: smaller } = await keep(await knownOf(await scaled(blob, { side })), ref.name);
  return smaller.size < ref.size || longerSide(ref) > side ? smaller : ref;
}

/** @param {File} file @param {number} maxBody @returns {Promise<Known>} */
async function fileOf(file, maxBody) {
  const head = await bytesOf(file.slice(0, HEAD_BYTES));
  const isPhoto = file.type.startsWith('image/') || isOtherImage(head, '');
  if (file.size > (isPhoto ? LARGEST_PHOTO_BYTES : maxBody))
    throw new Unreadable('file.over-body', {
      size: megabytes(file.size),
      most: megabytes(maxBody),
    });
  const bytes = await bytesOf(file);
  try {
    return await upright(knownAs(kindOf(bytes), bytes), bytes);
  } catch (error) {
    if (!(error instanceof Unreadable) || !error.isForeign) throw error;
    if (!isOtherImage(bytes, file.type)) throw error;
    return converted(file, isHeic(bytes), error);
  }
}

/** Return one of Claude's images of a photo of another kind. @param {File} file @param {boolean} isHeicPhoto @param {Unreadable} error */
async function converted(file, isHeicPhoto, error) {
  try {
    return await knownOf(await scaled(file, STEPS[0]));
  } catch {
    if (!isHeicPhoto) throw error;
    throw new Unreadable('file.heic');
  }
}

/** Claude sees the pixels of a photo only, and not how it is turned. @param {Known} known @param {Uint8Array} bytes @returns {Promise<Known>} */
async function upright(known, bytes) {
  if (known.kind !== 'image' || !isTurned(bytes, known.type)) return known;
  try {
    return { ...(await knownOf(await scaled(known.blob, STEPS[0]))), isUpright: true };
  } catch {
    return known; // better askew than not at all
  }
}

/** Scale an image down, as little as it takes. @param {Known} known @param {number} fits in bytes as they are sent @returns {Promise<Known>} */
async function shrunk(known, fits) {
  let now = known;
  for (const step of STEPS) {
    if (!isTooLarge(now, fits)) return now;
    now = await scaled(known.blob, step)
      .then(knownOf)
      .catch(() => {
        throw new Unreadable('file.not-scaled');
      });
  }
  if (isTooLarge(now, Infinity)) throw new Unreadable('file.too-large');
  return now;
}

/** @param {Known} known @param {number} fits */
function isTooLarge({ kind, blob: { size }, ...claimed }, fits) {
  if (kind !== 'image') return false;
  const bytes = sentBytes(/** @type {FileRef} */ ({ kind, size }));
  return size > IMAGE_BYTES || longerSide(claimed) > SIDE_PIXELS || bytes > fits;
}

/** @param {Blob} blob @returns {Promise<Known>} */
async function knownOf(blob) {
  const bytes = await bytesOf(blob);
  return knownAs(kindOf(bytes), bytes);
}

/** It is kept as it will be sent: a text in UTF-8. @param {FileKind} kind @param {Uint8Array<ArrayBuffer>} bytes @returns {Known} */
function knownAs(kind, bytes) {
  return { ...kind, blob: new Blob([kind.text ?? bytes], { type: kind.type }) };
}

/** @param {Known} known @param {string} name @returns {Promise<{ ref: FileRef, isStored: boolean }>} */
async function keep({ blob, kind, type, width, height, text }, name) {
  const { id, isStored } = await files.keep(blob);
  /** @type {FileRef} */
  const ref = { id, name, kind, type, size: blob.size, ...(width && { width, height }) };
  if (text !== undefined) ref.sent = new Blob([JSON.stringify(text)]).size;
  const pages = kind === 'pdf' ? await pagesIn(blob) : 0;
  if (pages) ref.pages = pages;
  return { ref, isStored };
}

/** Return the pages of a PDF; 0 where they cannot be counted, or not now: the server counts them as well. @param {Blob} blob */
async function pagesIn(blob) {
  const part = await load('model/pdf-pages.js').catch(() => undefined);
  return part ? part.pagesOf(await bytesOf(blob)) : 0;
}

/** @param {Blob} blob */
async function bytesOf(blob) {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    throw new Unreadable('file.not-read');
  }
}
