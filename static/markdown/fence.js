// A fence by marked's rules: what opens and closes it, and its lines taken one by one, without lexing. The rest of
// a block that is too long for the lexer goes the same way.

import { pieceWriter, writer } from './growing-text.js';

/** @import { BlockWriter, Branch, Fence, Token } from '../types.js' */

/** A longer line closes nothing. */
const LONGEST_CLOSE = 1000;

/** What opens this block if it is a fence. @param {Token} token @returns {Fence | undefined} */
export function fenceOf({ type, raw }) {
  const opening = type === 'code' && /^( {0,3})(`{3,}|~{3,})[^\n]*(?:\n|$)/.exec(raw);
  if (!opening) return undefined;
  const [line, indent, { 0: char, length }] = opening;
  const close = lineOf(`^ {0,3}${char}{${length},} *$`);
  const body = raw.slice(line.length).replace(/\n$/, '');
  const closed = close.test(body.slice(body.lastIndexOf('\n') + 1));
  // Only a fence of backticks takes its own indentation from its lines.
  return {
    line,
    close,
    closed,
    mayClose: lineOf(`^ *${char}* *$`),
    indent: char === '`' ? indent.length : 0,
  };
}

/** @param {string} pattern made of one of two characters, and a number */
function lineOf(pattern) {
  // eslint-disable-next-line security/detect-non-literal-regexp -- see above
  return new RegExp(pattern);
}

/**
 * The fence that is still open at the end of a text, within quotations and items; the lines that follow begin with
 * the marks of those.
 * @param {Token} token @param {string} text @returns {Fence | undefined}
 */
export function openFenceIn(token, text) {
  const inner = (token.items ?? token.tokens)?.at(-1);
  const fence = fenceOf(token);
  if (!fence) return inner && openFenceIn(inner, text);
  const [mark] = /`+|~+/.exec(fence.line) ?? [''];
  const at = text.lastIndexOf(fence.line.trim());
  const indent = at - text.lastIndexOf('\n', at - 1) - 1;
  return fence.closed || at < 0
    ? undefined
    : {
        ...fence,
        indent,
        marks: /^[> ]*/,
        close: lineOf(`^[> \\t]*${mark[0]}{${mark.length},} *$`),
        mayClose: lineOf(`^[> \\t]*${mark[0]}* *$`),
      };
}

/** @param {Fence} fence @param {Branch} code @returns {BlockWriter} */
export function fenceWriter({ close, mayClose, indent, marks = /^ */ }, code) {
  /** @param {RegExp} pattern @returns {(line: string) => boolean} */
  const matches = (pattern) => (line) => line.length <= LONGEST_CLOSE && pattern.test(line);
  return lineWriter(writer(code), matches(close), matches(mayClose), (line) =>
    line.slice(Math.min(indent, marks.exec(line)?.[0].length ?? 0)),
  );
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
