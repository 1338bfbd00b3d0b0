// How timed frames arrived: what the way from the server to here holds back, compresses or cuts.

import { number, say } from '../system/words.js';
import { SseParser } from './sse-parser.js';

/** Later than this is what a reader sees as waiting. */
const HELD_SECONDS = 0.5;

/**
 * @typedef {{ seconds: number, fields: Record<string, any> }} Frame
 * @typedef {{ encoding: string, frames: Frame[], isWhole: boolean, endedAt: number }} Run
 */

/**
 * Read the frames of a response to their end, or to where they are cut.
 * @param {Response} response @param {() => number} now seconds since the request @returns {Promise<Run>}
 */
export async function listen(response, now) {
  /** @type {Frame[]} */
  const frames = [];
  let isWhole = false;
  const parser = new SseParser({
    onEvent: (/** @type {{ data: string }} */ { data }) => {
      if (data === '[DONE]') isWhole = true;
      else frames.push({ seconds: now(), fields: JSON.parse(data) });
    },
    onRetry: () => {},
  });
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  try {
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      parser.feed(decoder.decode(next.value, { stream: true }));
    }
  } catch {
    isWhole = false; // the connection broke
  }
  const encoding = response.headers.get('Content-Encoding') ?? '';
  return { encoding, frames, isWhole, endedAt: now() };
}

/** By how much later each frame came than the fastest one. @param {Frame[]} frames @returns {number[]} */
export function lateness(frames) {
  const offsets = frames.map(({ seconds, fields }) => seconds - fields.at_ms / 1000);
  const least = Math.min(...offsets);
  return offsets.map((offset) => offset - least);
}

/** Return a sentence for each thing that is wrong. @param {Run} run @returns {string[]} */
export function findings({ encoding, frames, isWhole, endedAt }) {
  if (!frames.length) return [say('diagnose.none', { seconds: tenths(endedAt) })];
  const found = [];
  if (encoding) found.push(say('diagnose.compressed', { encoding }));
  if (frames[0].fields.protocol === 'HTTP/1.0') found.push(say('diagnose.old'));
  const late = Math.max(...lateness(frames));
  if (late > HELD_SECONDS) found.push(say('diagnose.held', { seconds: tenths(late) }));
  if (!isWhole) {
    const silent = endedAt - frames[frames.length - 1].seconds;
    found.push(say('diagnose.cut', { seconds: tenths(silent) }));
  }
  return found;
}

/** @param {number} seconds */
const tenths = (seconds) => number(seconds, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
