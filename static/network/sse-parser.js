// Server-Sent Events, decoded: text cut anywhere goes in, complete events come out.
//
// WHATWG HTML Living Standard, section 9.2.6. Pure: no I/O, no DOM. The parser drops the one leading
// byte order mark itself, so a TextDecoder in front of it needs `ignoreBOM: true`, or two would go.

/** @import { ParserOptions } from '../types.js' */

const KNOWN = /^(?:data|event|id|retry):/;
/** The beginning of an unknown field: enough to recognise it at the end of its line. */
const NAME_CHARACTERS = 9;

/** Calls back for each event and reconnection time. */
export class SseParser {
  #onEvent;
  #onRetry;
  #maxSize;
  #parts = ['']; // of an unfinished line, joined once: joining at each part is quadratic
  #size = 0; // of those, and of the event's data
  #atStart = true;
  #afterCr = false;
  #lastEventId;
  #id;
  #type = '';
  /** @type {string[]} */
  #data = [];

  /** @param {ParserOptions} options */
  constructor({ onEvent, onRetry, lastEventId = '', maxSize = 1 << 24 }) {
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
    this.#maxSize = maxSize;
    this.#lastEventId = this.#id = lastEventId;
  }

  /** What the next connection must ask for; '' is nothing. */
  get lastEventId() {
    return this.#lastEventId;
  }

  /**
   * Throw a RangeError, from then on, once an event is longer than `maxSize`.
   *
   * @param {string} chunk
   */
  feed(chunk) {
    if (!chunk) return;
    // A "\n" after the "\r" that ended the last chunk belongs to it.
    const isMark = this.#atStart && chunk[0] === '\ufeff';
    const skipsFirst = isMark || (this.#afterCr && chunk[0] === '\n');
    const text = skipsFirst ? chunk.slice(1) : chunk;
    this.#atStart = false;
    this.#afterCr = text.endsWith('\r');
    const lines = text.split(/\r\n|[\r\n]/);
    const rest = lines.pop() ?? '';
    for (const line of lines) this.#endLine(line);
    this.#parts.push(rest);
    this.#grow(rest.length);
  }

  /** @param {string} lastPart */
  #endLine(lastPart) {
    this.#parts.push(lastPart);
    const line = this.#parts.join('');
    this.#parts = [''];
    if (!line) return this.#dispatch();

    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      this.#data.push(value);
      this.#grow(lastPart.length);
    } else if (name === 'event') this.#type = value;
    else if (name === 'id' && !value.includes('\0')) this.#id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) this.#onRetry?.(Number(value));
  }

  #dispatch() {
    this.#lastEventId = this.#id; // also without data: the id alone counts as received
    const data = this.#data;
    const event = { type: this.#type || 'message', data: data.join('\n'), id: this.#id };
    this.#type = '';
    this.#data = [];
    this.#size = 0;
    if (data.length) this.#onEvent(event);
  }

  /** @param {number} characters */
  #grow(characters) {
    this.#size += characters;
    if (this.#size <= this.#maxSize) return;
    const line = this.#parts.join('');
    if (this.#data.length || !line || KNOWN.test(line))
      throw new RangeError(`an event is longer than ${this.#maxSize} characters`);
    this.#parts = [line.slice(0, NAME_CHARACTERS)];
    this.#size = 0;
  }
}
