// Makes an image smaller, or one that Claude takes of a photo of another kind that this browser can decode.

/** How much is taken away, the least first: the longer side in pixels, and the quality. */
export const STEPS = [
  { side: 2576, quality: 0.9 }, // the most that a model sees
  { side: 1568, quality: 0.85 },
  { side: 1092, quality: 0.8 },
];
const THUMBNAIL_PIXELS = 224;

/**
 * Return the image with a longer side of at most `side` pixels, upright; throws where the browser cannot decode it.
 *
 * @param {Blob} blob
 * @param {{ side: number, quality?: number }} step
 */
export async function scaled(blob, { side, quality = 0.9 }) {
  // WebP can be transparent as PNG is; a photo needs neither.
  const type = /png|gif|webp|avif|svg/.test(blob.type) ? 'image/webp' : 'image/jpeg';
  const bitmap = await fitted(blob, side);
  try {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
    return await canvas.convertToBlob({ type, quality });
  } finally {
    bitmap.close();
  }
}

/** Return a small picture of the image. @param {Blob} blob */
export function thumbnailOf(blob) {
  return scaled(blob, { side: THUMBNAIL_PIXELS, quality: 0.8 });
}

/** Its size counts as it is seen: a phone writes beside the pixels which side is up. @param {Blob} blob @param {number} side */
async function fitted(blob, side) {
  const whole = await createImageBitmap(blob);
  const { width, height } = whole;
  const factor = side / Math.max(width, height);
  if (factor >= 1) return whole;
  whole.close();
  return createImageBitmap(blob, {
    resizeWidth: Math.max(1, Math.round(width * factor)),
    resizeHeight: Math.max(1, Math.round(height * factor)),
    resizeQuality: 'high',
  });
}
