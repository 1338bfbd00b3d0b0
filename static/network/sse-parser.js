// Server-Sent Events, decoded: text cut anywhere goes in, whole events come out.
//
// WHATWG HTML Living Standard, section 9.2.6. Pure: no I/O, no DOM. The parser drops the one leading
// byte order mark itself, so a TextDecoder in front of it needs `ignoreBOM: true`, or two would go.

/** @import { ParserOptions } from '../types.js' */

const KNOWN = /^(?:data|event|id|retry):/;

/** Return a parser that calls back for each event and reconnection time. @param {ParserOptions} options */
export function createParser({ onEvent, onRetry, lastEventId = '', maxSize = 1 << 24 }) {
  let held = ['']; // the pieces of an unfinished line, joined once: joining at each piece is quadratic
  let size = 0; // of those, and of the event's data
  let [atStart, atCr] = [true, false];
  let [id, type] = [lastEventId, ''];
  let data = [];

  return {
    /** Throws a RangeError, from then on, once an event is longer than `maxSize`. */
    feed(chunk) {
      if (!chunk) return;
      // The "\n" behind a "\r" that ended the last chunk belongs to it.
      const text =
        (atStart && chunk[0] === '\ufeff') || (atCr && chunk[0] === '\n') ? chunk.slice(1) : chunk;
      [atStart, atCr] = [false, text.endsWith('\r')];
      const lines = text.split(/\r\n|[\r\n]/);
      const rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      held.push(rest);
      checkSize(rest.length);
    },

    /** What the next connection must ask for; '' is nothing. */
    get lastEventId() {
      return lastEventId;
    },
  };

  function take(end) {
    held.push(end);
    const line = held.join('');
    held = [''];
    if (!line) return dispatch();

    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'data') {
      data.push(value);
      checkSize(end.length);
    } else if (name === 'event') type = value;
    else if (name === 'id' && !value.includes('\0')) id = value;
    else if (name === 'retry' && /^[0-9]+$/.test(value)) onRetry?.(Number(value));
  }

  function dispatch() {
    lastEventId = id; // also without data: the id alone counts as received
    const event = { type: type || 'message', data: data.join('\n'), id };
    const empty = data.length === 0;
    [type, data, size] = ['', [], 0];
    if (!empty) onEvent(event);
  }

  function checkSize(more) {
    size += more;
    if (size <= maxSize) return;
    const line = held.join('');
    if (!data.length && line && !KNOWN.test(line)) {
      [held, size] = [[line.slice(0, 9)], 0]; // of what nobody asks for, its name is enough
    } else {
      throw new RangeError(`an event is longer than ${maxSize} characters`);
    }
  }
}
