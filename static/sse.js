// Server-Sent Events, decoded: text cut anywhere goes in, whole events come out.
//
// WHATWG HTML Living Standard, section 9.2.6. Pure: no I/O, no DOM. The parser drops the one leading
// byte order mark itself, so a TextDecoder in front of it needs `ignoreBOM: true`, or two would go.

/** @import { Parser, ParserOptions } from './types.js' */

const FIELDS = ['data', 'event', 'id', 'retry'];
const LONGEST_FIELD = 'event:'.length;

/** Return a parser that calls back for each event, reconnection time and comment. @param {ParserOptions} options @returns {Parser} */
export function createParser({ onEvent, onRetry, onComment, lastEventId = '', maxSize = 1 << 24 }) {
  /** @type {string[]} the pieces of an unfinished line, joined once: joining at each piece is quadratic */
  let held = [];
  let heldSize = 0;
  let skipping = false; // the unfinished line is a comment or an unknown field: keep nothing of it
  let skipLf = false; // "\r" ended a line at the end of a chunk; a "\n" that follows belongs to it
  let atStart = true;
  let resets = 0;
  /** @type {RangeError | null} */
  let overflow = null;

  let id = lastEventId;
  let type = '';
  /** @type {string[]} */
  let data = [];
  let dataSize = 0;

  return {
    feed,
    reset,
    get lastEventId() {
      return lastEventId;
    },
  };

  /** @param {string} chunk */
  function feed(chunk) {
    if (overflow) throw overflow;
    if (chunk === '') return;
    let from = 0;
    if (atStart && chunk.startsWith('\ufeff')) from = 1;
    if (skipLf && chunk.startsWith('\n')) from = 1;
    atStart = skipLf = false;

    const turn = resets;
    let lf = chunk.indexOf('\n', from);
    let cr = chunk.indexOf('\r', from);
    while (lf >= 0 || cr >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr;
      const next = end === cr && lf === cr + 1 ? end + 2 : end + 1;
      skipLf = end === cr && next === chunk.length && next === end + 1;
      takeLine(chunk.slice(from, end));
      if (resets !== turn) return; // a callback ended this stream: its other events are not wanted
      from = next;
      if (lf >= 0 && lf < from) lf = chunk.indexOf('\n', from);
      if (cr >= 0 && cr < from) cr = chunk.indexOf('\r', from); // each searched once: linear
    }
    if (from < chunk.length) hold(chunk.slice(from));
  }

  function reset() {
    resets += 1;
    dropLine();
    skipLf = false;
    atStart = true;
    overflow = null;
    id = lastEventId; // an id whose event never ended was not received
    dropEvent();
  }

  /** @param {string} piece */
  function hold(piece) {
    if (skipping) return;
    held.push(piece);
    heldSize += piece.length;
    if (heldSize - piece.length < LONGEST_FIELD && !mayMatter(held.join(''))) {
      dropLine();
      skipping = true;
    }
    checkSize();
  }

  /** @param {string} start of a line */
  function mayMatter(start) {
    if (start.startsWith(':')) return Boolean(onComment);
    return FIELDS.some((field) => field.startsWith(start) || start.startsWith(`${field}:`));
  }

  /** @param {string} end the line, or its last piece */
  function takeLine(end) {
    const skipped = skipping;
    held.push(end);
    const line = held.length === 1 ? end : held.join('');
    dropLine();
    if (skipped) return;
    if (line === '') return dispatch();

    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      data.push(value);
      dataSize += value.length + 1;
      checkSize();
    } else if (name === 'event') {
      type = value;
    } else if (name === 'id') {
      if (!value.includes('\0')) id = value;
    } else if (name === 'retry') {
      if (/^[0-9]+$/.test(value)) onRetry?.(Number(value));
    } else if (colon === 0) {
      onComment?.(value);
    }
  }

  function dispatch() {
    lastEventId = id; // also without data: the id alone counts as received
    const event = { type: type || 'message', data: data.join('\n'), id };
    const empty = data.length === 0;
    dropEvent();
    if (!empty) onEvent(event);
  }

  function dropLine() {
    held = [];
    heldSize = 0;
    skipping = false;
  }

  function dropEvent() {
    type = '';
    data = [];
    dataSize = 0;
  }

  function checkSize() {
    if (heldSize + dataSize <= maxSize) return;
    dropLine();
    dropEvent();
    overflow = new RangeError(`an event is longer than ${maxSize} characters`);
    throw overflow;
  }
}
