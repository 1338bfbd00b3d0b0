// A fence by marked's rules: what opens and closes it, and its lines taken one by one, without lexing.

import { writer } from './text.js';

/** @import { Branch, Fence, FenceWriter } from './types.js' */

/** What opens this block if it is a fence. @returns {Fence | undefined} */
export function fenceOf({ type, raw }) {
  const opening = type === 'code' && /^( {0,3})(`{3,}|~{3,})[^\n]*(?:\n|$)/.exec(raw);
  if (!opening) return undefined;
  const [line, indent, { 0: char, length }] = opening;
  // eslint-disable-next-line security/detect-non-literal-regexp -- one of two characters, and a number
  const close = new RegExp(`^ {0,3}${char}{${length},} *$`);
  const body = raw.slice(line.length).replace(/\n$/, '');
  const closed = close.test(body.slice(body.lastIndexOf('\n') + 1));
  // Only a fence of backticks takes its own indentation from its lines.
  return { line, char, close, closed, indent: char === '`' ? indent.length : 0 };
}

/** @param {Fence} fence @param {Branch} code @returns {FenceWriter} */
export function fenceWriter({ char, close, indent }, code) {
  const write = writer(code);
  let shown = 0; // of the incomplete last line
  const rest = (line) => line.slice(Math.min(indent, line.search(/\S|$/)) + shown);

  return (text, ended) => {
    let lines = '';
    let start = 0;
    for (let end; (end = text.indexOf('\n', start)) >= 0; start = end + 1) {
      const line = text.slice(start, end);
      if (close.test(line)) {
        write(lines);
        return { closed: true, left: text.slice(end + 1) };
      }
      lines += `${rest(line)}\n`;
      shown = 0;
    }
    const left = text.slice(start);
    // What may become the closing line is not shown: it would have to be taken back.
    if (ended ? !close.test(left) : left.trim().replaceAll(char, '')) {
      const more = rest(left);
      lines += more;
      shown += more.length;
    }
    write(lines);
    return { closed: false, left };
  };
}
