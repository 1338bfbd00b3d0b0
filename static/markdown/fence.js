// A fence: what opens and closes it, and its lines taken one by one, without lexing. The rest of
// a block that is too long for the lexer goes the same way.

import { pieceWriter, writer } from './growing-text.js';
import { stripIndent } from './parser/continuations.js';
import { Line } from './parser/line.js';

/** @import { BlockWriter, Branch, Fence, Token } from '../types.js' */

/** A longer line closes nothing. */
const LONGEST_CLOSE = 1000;

/** What opens this block if it is a fence. @param {Token} token @returns {Fence | undefined} */
export function fenceOf({ type, raw, fence }) {
  if (type !== 'code' || !fence) return undefined;
  const { char, length, indent, closed } = fence;
  return {
    line: raw.slice(0, raw.indexOf('\n') + 1 || raw.length),
    close: lineOf(`^ {0,3}${char}{${length},}[ \\t]*$`),
    mayClose: lineOf(`^ *${char}*[ \\t]*$`),
    closed,
    indent,
  };
}

/** @param {string} pattern made of one of two characters, and a number */
function lineOf(pattern) {
  // eslint-disable-next-line security/detect-non-literal-regexp -- see above
  return new RegExp(pattern);
}

/**
 * The fence that is still open at the end of this block, within quotations and items; the lines that follow begin with
 * the marks of those.
 * @param {Token | undefined} token none in a text of blank lines @returns {Fence | undefined}
 */
export function openFenceIn(token) {
  if (!token) return undefined;
  const inner = (token.items ?? token.tokens)?.at(-1);
  const fence = fenceOf(token);
  if (!fence) return openFenceIn(inner);
  const { char, length, column } = token.fence;
  return fence.closed
    ? undefined
    : {
        ...fence,
        indent: column,
        marks: /^[> ]*/,
        close: lineOf(`^[> \\t]*${char}{${length},}[ \\t]*$`),
        mayClose: lineOf(`^[> \\t]*${char}*[ \\t]*$`),
      };
}

/** @param {Fence} fence @param {Branch} code @returns {BlockWriter} */
export function fenceWriter({ close, mayClose, indent, marks }, code) {
  /** @param {RegExp} pattern @returns {(line: string) => boolean} */
  const matches = (pattern) => (line) => line.length <= LONGEST_CLOSE && pattern.test(line);
  return lineWriter(writer(code), matches(close), matches(mayClose), (line) =>
    marks
      ? line.slice(Math.min(indent, marks.exec(line)?.[0].length ?? 0))
      : unindented(line, indent),
  );
}

/** @param {string} text @param {number} columns */
function unindented(text, columns) {
  if (!columns) return text;
  const line = new Line(text);
  stripIndent(line, columns);
  return line.rest;
}

/** The rest of a paragraph, to the next blank line, or only that of a line. @param {Branch} paragraph @returns {BlockWriter} */
export function plainWriter(paragraph, onlyLine = false) {
  const write = pieceWriter(paragraph);
  const isBlank = (/** @type {string} */ line) => /^[ \t]*$/.test(line);
  const lines = lineWriter(write, isBlank, isBlank);
  if (!onlyLine) return lines;
  return (text, ended) => {
    const end = ended ? text.length : text.indexOf('\n');
    write(end < 0 ? text : text.slice(0, end));
    return { closed: end >= 0, left: end < 0 ? '' : text.slice(end + 1) };
  };
}

/**
 * Writes lines until one `ends` the block; of the incomplete last one what may still end it is held back: it would
 * have to be taken back. `strip` removes from a line what is not part of the block.
 * @param {(text: string) => void} write @param {(line: string) => boolean} ends
 * @param {(line: string) => boolean} mayEnd @param {(line: string) => string} strip
 * @returns {BlockWriter}
 */
function lineWriter(write, ends, mayEnd, strip = (line) => line) {
  let within = false; // the beginning of the line is written
  return (text, ended) => {
    let lines = '';
    let start = 0;
    for (let end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
      const line = text.slice(start, end);
      if (!within && ends(line)) {
        write(lines);
        return { closed: true, left: text.slice(end + 1) };
      }
      lines += `${within ? line : strip(line)}\n`;
      within = false;
    }
    const left = text.slice(start);
    const held = !within && (ended ? ends(left) : mayEnd(left));
    if (left && !held) {
      lines += within ? left : strip(left);
      within = true;
    }
    write(lines);
    return { closed: false, left: held ? left : '' };
  };
}
