// Makes an image smaller, or one that Claude takes of a photo of another kind that this browser can decode. A Worker
// does it, one image at a time; it ends when there has been nothing to do for a while.

import { startWorker } from '../system/workers.js';

/** How much is taken away, the least first: the longer side in pixels, and the quality. */
export const STEPS = [
  { side: 2576, quality: 0.9 }, // the most that a model sees
  { side: 1568, quality: 0.85 },
  { side: 1092, quality: 0.8 },
];
const THUMBNAIL = { side: 224, quality: 0.8 };
const IDLE_MS = 10_000;

/** @type {Worker | undefined} */
let worker;
/** @type {Promise<unknown>} */
let last = Promise.resolve();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** This browser cannot decode the image; any other failure may be over the next time. */
export class Undecodable extends Error {
  name = 'Undecodable';
}

/**
 * Return the image with a longer side of at most `side` pixels; reject with `Undecodable` where that is so.
 *
 * @param {Blob} blob
 * @param {{ side: number, quality?: number }} step
 * @returns {Promise<Blob>}
 */
export function scaled(blob, { side, quality = 0.9 }) {
  const made = last.then(() => ask({ blob, side, quality }));
  last = made.catch(() => {});
  return made;
}

/** Return a small picture of the image. @param {Blob} blob */
export function thumbnailOf(blob) {
  return scaled(blob, THUMBNAIL);
}

/** @param {{ blob: Blob, side: number, quality: number }} order @returns {Promise<Blob>} */
function ask(order) {
  clearTimeout(timer);
  return new Promise((resolve, reject) => {
    const asked = (worker ??= startWorker('view/scale-worker.js'));
    asked.onmessage = ({ data }) => (data ? resolve(data) : reject(new Undecodable()));
    asked.onerror = () => {
      end();
      reject(new Error('The Worker does not start, or ran out of memory.'));
    };
    asked.postMessage(order);
  }).finally(() => (timer = setTimeout(end, IDLE_MS)));
}

function end() {
  worker?.terminate();
  worker = undefined;
}
