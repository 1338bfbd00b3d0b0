// Definitions of links at the beginning of a paragraph. One that may not be opened defines nothing and is shown as it
// was written, in a paragraph of its own.

import { safeUrl } from '../links.js';
import { scanLabel } from './labels.js';
import { scanDestination, scanTitle, unescape } from './link-parts.js';

/** @import { BlockNode, Links } from '../../types.js' */

/** @param {BlockNode} node @param {Links} links */
export function closeParagraph(node, links) {
  splitDefinitions(node, links);
  if (!node.lines.length) node.parent?.kids.splice(node.parent.kids.indexOf(node), 1);
}

/** How many lines of a paragraph are definitions. @param {BlockNode} node */
export function linesOfDefinitions({ lines }) {
  let count = 0;
  for (const { lines: more } of definitionsIn(lines)) count += more;
  return count;
}

/** Move the definitions of a paragraph out, before it. @param {BlockNode} node @param {Links} links */
export function splitDefinitions(node, links) {
  const found = definitionsIn(node.lines);
  if (!found.length) return;
  const siblings = /** @type {BlockNode} */ (node.parent).kids;
  const place = siblings.lastIndexOf(node);
  node.began = node.start;
  const before = found.map((definition) => {
    const { key, href, title, lines: count } = definition;
    const lines = node.lines.splice(0, count);
    const [start] = node.starts?.splice(0, count) ?? [node.start];
    const isLink = Boolean(safeUrl(href));
    if (isLink) links[key] ??= { href, title };
    return {
      ...node,
      type: isLink ? 'def' : 'paragraph',
      lines,
      start,
      starts: undefined,
      isOpen: false,
    };
  });
  siblings.splice(place, 0, ...before);
  if (node.lines.length) node.start = node.starts?.[0] ?? node.start;
}

/** @param {string[]} lines */
function definitionsIn(lines) {
  /** @type {{ key: string, href: string, title: string, end: number, lines: number }[]} */
  const found = [];
  if (!lines[0]?.startsWith('[')) return found;
  const text = lines.join('\n');
  for (let at = 0, next; text[at] === '[' && (next = definitionAt(text, at)); at = next.end) {
    found.push({ ...next, lines: text.slice(at, next.end).replace(/\n$/, '').split('\n').length });
  }
  return found;
}

/** @param {string} text @param {number} at */
function definitionAt(text, at) {
  const label = scanLabel(text, at);
  if (!label || text[label.end] !== ':') return undefined;
  const destination = scanDestination(text, skipSpace(text, label.end + 1), Infinity);
  if (!destination) return undefined;
  const { key } = label;
  const href = unescape(destination.text);
  const gap = skipSpace(text, destination.end);
  const title = gap > destination.end ? scanTitle(text, gap) : undefined;
  const end = title && endOfLine(text, title.end);
  if (title && end) return { key, href, title: unescape(title.text), end };
  const plain = endOfLine(text, destination.end);
  return plain ? { key, href, title: '', end: plain } : undefined;
}

/** The position after the white space, which may hold one newline: a paragraph has no blank line. @param {string} text @param {number} at */
function skipSpace(text, at) {
  while (' \t\n'.includes(text[at] ?? '.')) at++;
  return at;
}

/** Where the next line begins, if nothing but white space stands before it; otherwise 0. @param {string} text @param {number} at */
function endOfLine(text, at) {
  while (' \t'.includes(text[at] ?? '.')) at++;
  if (at === text.length) return at;
  return text[at] === '\n' ? at + 1 : 0;
}
