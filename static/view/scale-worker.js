// A Worker that makes images smaller: {blob, side, quality} comes in, a Blob goes out, or null where it cannot be
// decoded. On the page's own thread a photo of 12 megapixels would take half a second of it.

addEventListener('message', async ({ data: { blob, side, quality } }) => {
  postMessage(await scaled(blob, side, quality).catch(() => null));
});

/** @param {Blob} blob @param {number} side @param {number} quality */
async function scaled(blob, side, quality) {
  const whole = await createImageBitmap(blob); // upright: a phone writes beside the pixels which side is up
  const factor = Math.min(1, side / Math.max(whole.width, whole.height));
  const [width, height] = [whole.width, whole.height].map((n) =>
    Math.max(1, Math.round(n * factor)),
  );
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.imageSmoothingQuality = 'high';
  context.drawImage(whole, 0, 0, width, height);
  whole.close();
  const webp = await canvas.convertToBlob({ type: 'image/webp', quality });
  const isPhoto = !/png|gif|webp|svg/.test(blob.type); // which is not transparent
  if (webp.type === 'image/webp' || !isPhoto) return webp;
  return canvas.convertToBlob({ type: 'image/jpeg', quality }); // Safari makes a PNG of a WebP
}
