// Below an answer's text: what is searched for on the web, and the sources, each a safe link or a file of the question.

import { citedSources } from '../model/citations.js';
import { knows, say } from '../system/words.js';
import { make } from './dom.js';
import { loadStyle } from './attaching.js';

/** @import { Answer, Citation, Source } from '../types.js' */

/** Returns a function that shows what stands below an answer's text. @param {Element} root */
export function createSources(root) {
  void loadStyle();
  leadToAndFro(root);
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

/** A number in the text leads to its entry, and the entry back to where the reader came from. @param {Element} root */
function leadToAndFro(root) {
  const message = root.parentElement;
  /** @type {Map<string, Element>} */
  const from = new Map();
  const follow = (/** @type {any} */ event) => {
    const cite = event.target.closest('.cite');
    const number =
      cite?.dataset.cited ?? event.target.closest('.cited button')?.parentElement.value;
    if (number === undefined) return;
    event.preventDefault();
    if (cite) from.set(number, cite);
    const known = from.get(`${number}`);
    const place = known?.isConnected ? known : message?.querySelector(`[data-cited="${number}"]`);
    const to = cite ? root.querySelector(`.cited > li[value="${number}"]`) : place;
    to?.scrollIntoView({ block: 'center' });
    /** @type {HTMLElement | null | undefined} */ (to)?.focus({ preventScroll: true });
  };
  message?.addEventListener('click', follow);
  message?.addEventListener('keydown', (event) => {
    const isOnMark = /** @type {Element} */ (event.target).matches('.cite');
    if (isOnMark && (event.key === 'Enter' || event.key === ' ')) follow(event);
  });
}

/** @param {Answer} answer @returns {Element[]} */
function partsOf(answer) {
  const { searches = [], searching, sources = [], leftOut, state } = answer;
  const parts = [];
  if (leftOut) parts.push(line(say('search.left-out', { count: leftOut })));
  if (state === 'streaming' && searching !== undefined) parts.push(line(doing(searching), 'busy'));
  for (const { query, failed } of searches) if (failed) parts.push(line(problem(query, failed)));
  const cited = citedSources(answer);
  if (cited.length) parts.push(heading(say('search.sources')), list(cited, answer));
  const others = sources.filter(({ number, url }) => !number && url);
  if (others.length) parts.push(found(others, answer, cited.length > 0));
  return parts;
}

/** @param {string} query */
const doing = (query) => (query ? say('search.query', { query }) : say('status.doing.searching'));

/** @param {string} query @param {string} failed */
function problem(query, failed) {
  const key = `search.why.${failed}`;
  const why = knows(key) ? say(key) : failed.replaceAll('_', ' ');
  return query ? say('search.failed-query', { query, why }) : say('search.failed', { why });
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
    entry.tabIndex = -1; // a number in the text leads here
    const passages = passagesOf(source, answer);
    const back = make('button', { type: 'button', className: 'note-back', textContent: '↩' });
    back.ariaLabel = say('markdown.back');
    entry.append(back);
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
  const count = say(isMore ? 'search.found-more' : 'search.found', { count: others.length });
  const about = [...new Set(queries)].join(', ');
  const entries = make('ul');
  entries.append(...others.map(entryFor));
  details.append(
    make('summary', {
      textContent: about ? say('search.about', { found: count, queries: about }) : count,
    }),
    entries,
  );
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
  const label = say('search.passages', { count: passages.length });
  details.append(make('summary', { textContent: pages ? `${label}: ${pages}` : label }));
  for (const { quote } of passages)
    if (quote) details.append(make('blockquote', { textContent: quote, dir: 'auto' }));
  return details;
}

/** @param {Citation} citation */
function pagesOf({ page, lastPage }) {
  if (!page) return '';
  return lastPage ? say('search.pages', { page, last: lastPage }) : say('search.page', { page });
}
