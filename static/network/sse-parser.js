// Server-Sent Events, decoded: text cut anywhere goes in, complete events come out.
//
// WHATWG HTML Living Standard, section 9.2.6. Pure: no I/O, no DOM. The parser drops the one leading
// byte order mark itself, so a TextDecoder in front of it needs `ignoreBOM: true`, or two would go.

/** @import { ParserOptions } from '../types.js' */

const KNOWN = /^(?:data|event|id|retry):/;
/** The beginning of an unknown field: enough to recognise it at the end of its line. */
const NAME_CHARACTERS = 9;

/** Return a parser that calls back for each event and reconnection time. @param {ParserOptions} options */
export function createParser({ onEvent, onRetry, lastEventId = '', maxSize = 1 << 24 }) {
  let parts = ['']; // of an unfinished line, joined once: joining at each part is quadratic
  let size = 0; // of those, and of the event's data
  let [atStart, afterCr] = [true, false];
  let [id, type] = [lastEventId, ''];
  /** @type {string[]} */
  let data = [];

  return {
    /**
     * Throw a RangeError, from then on, once an event is longer than `maxSize`.
     *
     * @param {string} chunk
     */
    feed(chunk) {
      if (!chunk) return;
      // A "\n" after the "\r" that ended the last chunk belongs to it.
      const skipsFirst = (atStart && chunk[0] === '\ufeff') || (afterCr && chunk[0] === '\n');
      const text = skipsFirst ? chunk.slice(1) : chunk;
      [atStart, afterCr] = [false, text.endsWith('\r')];
      const lines = text.split(/\r\n|[\r\n]/);
      const rest = lines.pop() ?? '';
      for (const line of lines) endLine(line);
      parts.push(rest);
      grow(rest.length);
    },

    /** What the next connection must ask for; '' is nothing. */
    get lastEventId() {
      return lastEventId;
    },
  };

  /** @param {string} lastPart */
  function endLine(lastPart) {
    parts.push(lastPart);
    const line = parts.join('');
    parts = [''];
    if (!line) return dispatch();

    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      data.push(value);
      grow(lastPart.length);
    } else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) onRetry?.(Number(value));
  }

  function dispatch() {
    lastEventId = id; // also without data: the id alone counts as received
    const event = { type: type || 'message', data: data.join('\n'), id };
    const isEmpty = data.length === 0;
    [type, data, size] = ['', [], 0];
    if (!isEmpty) onEvent(event);
  }

  /** @param {number} characters */
  function grow(characters) {
    size += characters;
    if (size <= maxSize) return;
    const line = parts.join('');
    if (data.length || !line || KNOWN.test(line))
      throw new RangeError(`an event is longer than ${maxSize} characters`);
    [parts, size] = [[line.slice(0, NAME_CHARACTERS)], 0];
  }
}
