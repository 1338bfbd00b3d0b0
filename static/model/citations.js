// What an answer cites and searches for: numbered sources, the places in its text that they belong to, and how the
// two are written for the reader.

import { MARK, SPACE, raised } from '../system/source-mark.js';
import { say } from '../system/words.js';

/** @import { Answer, Data, FileRef, Source } from '../types.js' */

/** Beyond these an answer's further marks and sources are not kept. */
const MOST = 500;

/**
 * Return the changes that a frame with a citation, a search or its result makes.
 *
 * @param {Answer} answer
 * @param {Data} data
 * @param {() => FileRef[]} documents those of the question, in the order in which citations count them
 * @returns {Partial<Answer>}
 */
export function citedBy(
  answer,
  { citation, activity, query, failed, sources, text, stop_reason: end },
  documents,
) {
  if (isObject(citation)) return cited(answer, citation, documents);
  if (typeof activity === 'string') return searched(answer, query, failed);
  if (Array.isArray(sources)) return { searching: undefined, ...found(answer, sources) };
  return answer.searching !== undefined && (text || end) ? { searching: undefined } : {};
}

/** @param {Answer} answer @param {Data} citation @param {() => FileRef[]} documents @returns {Partial<Answer>} */
function cited({ text, sources = [], citations = [] }, citation, documents) {
  const source = sourceOf(citation, documents);
  if (!source || citations.length >= MOST) return {};
  const known = sources.find(isSame(source));
  const all = known ? sources : [...sources, source];
  const number = nextNumber(all, known ?? source);
  (known ?? source).number ??= number;
  const { cited_text: quote } = citation;
  const mark = { at: text.length, source: all.indexOf(known ?? source) };
  return {
    sources: all,
    citations: [...citations, { ...mark, ...pagesOf(citation), ...(isText(quote) && { quote }) }],
  };
}

/** The next number: the sources are counted as they are cited. @param {Source[]} sources @param {Source} source */
function nextNumber(sources, source) {
  return source.number ?? 1 + Math.max(0, ...sources.map(({ number = 0 }) => number));
}

/** @param {Data} citation @param {() => FileRef[]} documents @returns {Source | undefined} */
function sourceOf({ url, title, document_index: index, document_title: name }, documents) {
  if (url !== undefined) return linkOf(url, title);
  if (!Number.isInteger(index) || index < 0) return undefined;
  const file = documents()[index];
  const said = isText(name) ? name : say('file.document', { number: index + 1 });
  return { title: file?.name ?? said, ofFile: index, ...(file && { file: file.id }) };
}

/** Return a source that may be opened. @param {unknown} url @param {unknown} title @param {unknown} [age] @returns {Source | undefined} */
function linkOf(url, title, age) {
  const href = isText(url) ? safeAddress(url) : '';
  if (!href) return undefined;
  return { url: href, title: isText(title) ? title.trim() : '', ...(isText(age) && { age }) };
}

/** Return an address on the web as browsers write it, '' for any other. @param {string} url */
export function safeAddress(url) {
  try {
    const { protocol, href, username, password } = new URL(url);
    return /^https?:$/.test(protocol) && !username && !password ? href : '';
  } catch {
    return '';
  }
}

/** @param {Source} wanted */
const isSame = (wanted) => (/** @type {Source} */ one) =>
  wanted.url ? one.url === wanted.url : one.ofFile === wanted.ofFile;

/** The pages from the first to the last that are cited; the API names the one after the last. @param {Data} citation */
function pagesOf({ start_page_number: first, end_page_number: end }) {
  if (!Number.isInteger(first)) return {};
  const last = Number.isInteger(end) && end > first ? end - 1 : first;
  return { page: first, ...(last > first && { lastPage: last }) };
}

/** @param {Answer} answer @param {unknown} query @param {unknown} failed @returns {Partial<Answer>} */
function searched({ searches = [], searching }, query, failed) {
  const said = isText(query) ? query : '';
  if (!isText(failed))
    return { searching: said, searches: [...searches, { query: said }].slice(-MOST) };
  const last = searches.at(-1);
  if (searching === undefined || !last)
    // it was refused before it began
    return { searches: [...searches, { query: said, failed }] };
  return { searching: undefined, searches: [...searches.slice(0, -1), { ...last, failed }] };
}

/** @param {Answer} answer @param {unknown[]} list @returns {Partial<Answer>} */
function found({ sources = [] }, list) {
  const all = [...sources];
  for (const one of list) {
    const source = isObject(one) ? linkOf(one.url, one.title, one.page_age) : undefined;
    const known = source && all.find(isSame(source));
    if (known) Object.assign(known, { ...source, title: source.title || known.title });
    else if (source && all.length < MOST) all.push(source);
  }
  return { sources: all };
}

/** Return whether marks may still be set in this answer's text, so that its last blanks wait. @param {Answer} answer */
const mayCite = ({ ask = {}, citations }) => Boolean(ask.web_search || ask.citations || citations);

/** Return the text with a raised number after each passage that has a source; it only ever grows. @param {Answer} answer */
export function markedText(answer) {
  const { text, state, citations = [], sources = [] } = answer;
  if (!mayCite(answer)) return text;
  let marked = '';
  let from = 0;
  for (const [at, numbers] of marksOf(citations, sources)) {
    const passage = text.slice(from, at);
    const end = passage.trimEnd().length;
    const mark = isCode(text.slice(0, at))
      ? ''
      : numbers.map((number) => MARK + raised(number)).join('');
    marked += passage.slice(0, end) + mark + passage.slice(end);
    from = at;
  }
  const rest = marked + text.slice(from);
  // A mark stands before the blanks that end its passage: until more is known they are not shown.
  return state === 'streaming' ? rest.trimEnd() : rest;
}

/** Return the numbers at each place, in the order of the text. @param {NonNullable<Answer['citations']>} citations @param {Source[]} sources */
function marksOf(citations, sources) {
  /** @type {Map<number, number[]>} */
  const marks = new Map();
  for (const { at, source } of citations) {
    const number = sources[source]?.number;
    const here = marks.get(at) ?? [];
    if (number && !here.includes(number)) marks.set(at, [...here, number]);
  }
  return [...marks].sort(([a], [b]) => a - b);
}

/** Return whether this text ends within a fence: what stands in code is code. @param {string} text */
function isCode(text) {
  return (text.match(/^ {0,3}(?:```|~~~)/gm)?.length ?? 0) % 2 === 1;
}

/** Return the sources that are cited, in the order of their numbers. @param {Answer} answer */
export function citedSources({ sources = [] }) {
  return sources.filter(({ number }) => number).sort((a, b) => (a.number ?? 0) - (b.number ?? 0));
}

/** Return the answer as Markdown for another place: its text with its marks, and the list that they refer to. @param {Answer} answer */
export function textWithSources(answer) {
  const list = citedSources(answer).map(({ number, title, url }) => {
    const name = title || url || '';
    return `${number}. ${url ? `[${name.replace(/[\\[\]]/g, '\\$&')}](<${url}>)` : name}`;
  });
  const text = markedText({ ...answer, state: 'done' }).replaceAll(MARK, SPACE);
  return list.length ? `${text.trimEnd()}\n\n${list.join('\n')}\n` : text;
}

/** @param {unknown} value @returns {value is Data} */
const isObject = (value) => typeof value === 'object' && value !== null;
/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === 'string' && value !== '';

/** Return the sources of an answer from an exported file, as far as they can be shown. @param {any} message @returns {Partial<Answer>} */
export function importedSources({ sources, citations, searches }) {
  const known = Array.isArray(sources) ? sources.slice(0, MOST).flatMap(importedSource) : [];
  const isMark = (/** @type {any} */ one) =>
    isObject(one) && Number.isInteger(one.at) && known[one.source] !== undefined;
  return {
    ...(known.length && { sources: known }),
    ...(known.length &&
      Array.isArray(citations) && { citations: citations.slice(0, MOST).filter(isMark) }),
    ...(Array.isArray(searches) && { searches: searches.slice(0, MOST).filter(isSearch) }),
  };
}

/** @param {any} one @returns {Source[]} */
function importedSource(one) {
  if (!isObject(one)) return [{ title: '' }];
  const { url, title, age, ofFile, file, number } = one;
  const source =
    url === undefined
      ? { title: isText(title) ? title : say('file.unnamed') }
      : linkOf(url, title, age);
  if (!source) return [{ title: isText(title) ? title : '' }]; // the others keep their places
  return [
    {
      ...source,
      ...(Number.isInteger(ofFile) && { ofFile }),
      ...(isText(file) && { file }),
      ...(Number.isInteger(number) && number > 0 && { number }),
    },
  ];
}

/** @param {any} one */
const isSearch = (one) =>
  isObject(one) &&
  typeof one.query === 'string' &&
  (one.failed === undefined || isText(one.failed));
