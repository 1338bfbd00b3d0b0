// Below an answer's text: what is searched for on the web, and the sources, each a safe link or a file of the question.

import { citedSources } from '../model/citations.js';
import { make } from './dom.js';
import { loadStyle } from './attaching.js';

/** @import { Answer, Citation, Source } from '../types.js' */

/** @type {Record<string, string>} */
const FAILED = {
  max_uses_exceeded: 'no more searches are allowed for one answer',
  unavailable: 'it is not available now',
  too_many_requests: 'too many searches at the moment',
  query_too_long: 'the query is too long',
};

/** Returns a function that shows what stands below an answer's text. @param {Element} root */
export function createSources(root) {
  void loadStyle();
  let shown = '';
  return (/** @type {Answer} */ answer) => {
    const { sources = [], citations = [], searches = [], searching, leftOut, state } = answer;
    const now = JSON.stringify([sources, citations.length, searches, searching, leftOut, state]);
    if (now === shown) return;
    shown = now;
    /** @type {HTMLDetailsElement[]} */
    const before = [...root.querySelectorAll('details')];
    const open = new Set(before.flatMap(({ open, dataset }) => (open ? [dataset.of] : [])));
    root.replaceChildren(...partsOf(answer));
    for (const details of root.querySelectorAll('details'))
      details.open = open.has(details.dataset.of);
  };
}

/** @param {Answer} answer @returns {Element[]} */
function partsOf(answer) {
  const { searches = [], searching, sources = [], leftOut, state } = answer;
  const parts = [];
  if (leftOut)
    parts.push(
      line(
        `${files(leftOut)} of earlier questions not sent with this one: too much for one question.`,
      ),
    );
  if (state === 'streaming' && searching !== undefined) parts.push(line(doing(searching), 'busy'));
  for (const { query, failed } of searches) if (failed) parts.push(line(problem(query, failed)));
  const cited = citedSources(answer);
  if (cited.length) parts.push(heading('Sources'), list(cited, answer));
  const others = sources.filter(({ number, url }) => !number && url);
  if (others.length) parts.push(found(others, answer, cited.length > 0));
  return parts;
}

/** @param {number} count */
const files = (count) => (count === 1 ? '1 file' : `${count} files`);

/** @param {string} query */
const doing = (query) => (query ? `Searching the web for “${query}”…` : 'Searching the web…');

/** @param {string} query @param {string} failed */
function problem(query, failed) {
  const what = query ? `The search for “${query}”` : 'A search of the web';
  return `${what} failed: ${FAILED[failed] ?? failed.replaceAll('_', ' ')}.`;
}

/** @param {string} text @param {string} [className] */
function line(text, className = '') {
  return make('p', { className: `aside ${className}`, textContent: text });
}

/** @param {string} text */
const heading = (text) => make('h3', { textContent: text });

/** @param {Source[]} cited @param {Answer} answer */
function list(cited, answer) {
  const all = make('ol', { className: 'cited' });
  for (const source of cited) {
    const entry = entryFor(source);
    entry.value = source.number;
    const passages = passagesOf(source, answer);
    if (passages.length) entry.append(quotes(passages, source));
    all.append(entry);
  }
  return all;
}

/** Pages that a search found, and nothing was cited of. @param {Source[]} others @param {Answer} answer @param {boolean} isMore */
function found(others, { searches = [] }, isMore) {
  const details = make('details');
  details.dataset.of = 'found';
  const queries = searches.flatMap(({ query }) => (query ? [`“${query}”`] : []));
  const about = queries.length ? ` for ${[...new Set(queries)].join(', ')}` : '';
  const count = `${others.length}${isMore ? ' more' : ''} ${others.length === 1 ? 'page' : 'pages'}`;
  const entries = make('ul');
  entries.append(...others.map(entryFor));
  details.append(make('summary', { textContent: `${count} found${about}` }), entries);
  return details;
}

/** @param {Source} source */
function entryFor({ url, title, age }) {
  const entry = make('li');
  if (!url) {
    entry.append(make('span', { textContent: title, dir: 'auto' }));
    return entry;
  }
  const { host } = new URL(url);
  const link = make('a', { href: url, target: '_blank', textContent: title || host, dir: 'auto' });
  link.rel = 'noopener noreferrer nofollow';
  entry.append(link, make('small', { textContent: [host, age].filter(Boolean).join(', ') }));
  return entry;
}

/** The passages that are cited of a source, each once. @param {Source} source @param {Answer} answer @returns {Citation[]} */
function passagesOf(source, { sources = [], citations = [] }) {
  const at = sources.indexOf(source);
  const seen = new Set();
  return citations.filter((citation) => {
    const key = `${citation.page} ${citation.quote}`;
    if (citation.source !== at || seen.has(key) || !(citation.quote || citation.page)) return false;
    return seen.add(key);
  });
}

/** @param {Citation[]} passages @param {Source} source */
function quotes(passages, { number }) {
  const details = make('details');
  details.dataset.of = `${number}`;
  const pages = [...new Set(passages.map(pagesOf).filter(Boolean))].join(', ');
  const label = passages.length === 1 ? 'The cited passage' : `${passages.length} cited passages`;
  details.append(make('summary', { textContent: pages ? `${label}: ${pages}` : label }));
  for (const { quote } of passages)
    if (quote) details.append(make('blockquote', { textContent: quote, dir: 'auto' }));
  return details;
}

/** @param {Citation} citation */
function pagesOf({ page, lastPage }) {
  if (!page) return '';
  return lastPage ? `pages ${page}–${lastPage}` : `page ${page}`;
}
