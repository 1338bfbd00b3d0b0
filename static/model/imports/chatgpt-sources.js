// Where ChatGPT's answers name their sources: marks in the text, in characters of private use or in brackets, and
// beside it what they refer to.

import { isObject, listOf, textOf } from './pieces.js';

/** A mark of its own that nothing beside the text explains. */
const MARK = /\ue200[^\ue200\ue201]{0,2000}\ue201/g;

/** Return a text without such marks, and the sources at their places. @param {string} said @param {Record<string, any>} metadata */
export function citedText(said, metadata) {
  const found = { sources: /** @type {any[]} */ ([]), citations: /** @type {any[]} */ ([]) };
  let [text, rest] = ['', said];
  for (const reference of listOf(metadata.content_references)) {
    const mark = textOf(Object(reference).matched_text);
    const at = mark.trim() ? rest.indexOf(mark) : -1;
    if (at < 0) continue;
    const isOurs = mark.includes('\ue200');
    text += rest.slice(0, at) + (isOurs ? '' : mark);
    rest = rest.slice(at + mark.length);
    for (const page of pagesOf(reference)) cite(found, page, clean(text).length);
  }
  for (const citation of listOf(metadata.citations)) {
    const { start_ix: at, metadata: page } = Object(citation);
    if (isObject(page) && textOf(page.url) && Number.isSafeInteger(at))
      cite(found, page, Math.min(Math.max(0, at), said.length));
  }
  return { text: clean(text + rest), ...found };
}

/** @param {string} text */
const clean = (text) => text.replace(MARK, '');

/** @param {Record<string, any>} reference */
function pagesOf(reference) {
  const { items, sources, url, title } = reference;
  const pages = [...listOf(items), ...listOf(sources)].filter(isObject);
  return textOf(url) ? [{ url, title }, ...pages] : pages;
}

/** @param {{ sources: any[], citations: any[] }} found @param {Record<string, any>} page @param {number} at */
function cite({ sources, citations }, { url, title }, at) {
  if (!textOf(url)) return;
  let source = sources.findIndex((one) => one.url === url);
  if (source < 0) source = sources.push({ url, title: textOf(title) }) - 1;
  citations.push({ at, source });
}
