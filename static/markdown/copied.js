// What is copied of an answer: elements that a word processor or a mail takes, without our buttons and styles, and the
// same as text. A formula is its source.

import { markdownOf, textOf } from './copied-text.js';
import { separatorBefore } from './growing-text.js';

/** @typedef {(Element | Text)[]} Nodes */

const KEPT = new Set(
  (
    'a blockquote br code del details em h3 h4 h5 h6 hr ins kbd li mark ol p pre s small strong sub summary sup table ' +
    'tbody td th thead tr u ul'
  ).split(' '),
);
const DROPPED = 'button, svg, .code-head, .host, .note-back, [hidden]';
/** Around a selection these are copied, too: a row alone is no table. */
const AROUND = new Set(
  'tr tbody thead table ul ol pre code a strong em del kbd sub sup mark'.split(' '),
);
/** Of a message; the rest is about it. */
const OF_MESSAGE = 'h2, .text, .thinking[open]';

/** What a selection holds, with the elements around it that it is part of. @param {Range} selected */
export function copiedSelection(selected) {
  const range = selected.cloneRange();
  const [start, end] = [formulaAround(range.startContainer), formulaAround(range.endContainer)];
  if (start) range.setStartBefore(start);
  if (end) range.setEndAfter(end);
  let around = elementOf(range.commonAncestorContainer);
  let content = /** @type {Node} */ (range.cloneContents());
  for (; around && AROUND.has(around.localName); around = around.parentElement) {
    const wrapper = around.cloneNode(false);
    wrapper.appendChild(content);
    content = wrapper;
  }
  const root = document.createElement('div');
  root.append(content);
  const messages = root.querySelectorAll('article');
  if (messages.length) root.replaceChildren(...messages);
  return copiedOf(root);
}

/** The content of an element. @param {Element} root */
export function copiedOf(root) {
  const holder = document.createElement('div');
  holder.append(...kidsOf(root));
  return { html: holder.innerHTML, text: textOf(holder).trim() };
}

/** The table that a button below it stands for: as elements, and as Markdown. @param {any} button */
export function copiedTable(button) {
  const root = document.createElement('div');
  for (let part = button.closest('.table'); part; part = partAfter(part))
    root.append(part.cloneNode(true));
  const { html } = copiedOf(root);
  return { html, text: markdownOf(root) };
}

/** @param {Element} part */
const partAfter = (part) =>
  part.matches('[data-full]') && part.nextElementSibling?.matches('.table')
    ? part.nextElementSibling
    : undefined;

/** @param {Node} node */
const elementOf = (node) => (node instanceof Element ? node : node.parentElement);

/** @param {Node} node */
const formulaAround = (node) => elementOf(node)?.closest('.math[data-source]');

/** @param {Element} element @returns {Nodes} */
function kidsOf(element) {
  /** @type {Nodes} */
  const nodes = [];
  for (const kid of element.childNodes) {
    const [first, ...others] = clean(kid);
    const last = nodes.at(-1);
    if (first && last instanceof Element && first instanceof Element && goesOn(kid, last, first))
      join(last, first);
    else if (first) nodes.push(first);
    nodes.push(...others);
  }
  return nodes;
}

/** Whether a list or table stands in parts, as long ones do. @param {Node} kid @param {Element} last @param {Element} first */
function goesOn(kid, last, first) {
  const before = kid instanceof Element ? kid.previousElementSibling : null;
  return Boolean(before?.matches('[data-full]')) && last.localName === first.localName;
}

/** @param {Element} last @param {Element} first */
function join(last, first) {
  const [to, from] = [last, first].map((one) =>
    one.localName === 'table' ? one.querySelector('tbody') : one,
  );
  if (to && from) to.append(...from.childNodes);
}

/** @param {Node} node @returns {Nodes} */
function clean(node) {
  if (node instanceof Text) return node.data ? [document.createTextNode(node.data)] : [];
  if (!(node instanceof Element)) return [];
  if (node.matches('.noteref')) return [document.createTextNode(`[${node.textContent}]`)];
  if (node.matches('.math[data-source]')) return formula(node);
  if (node.matches(DROPPED)) return [];
  if (node.matches('[role=doc-footnote]')) return footnote(node);
  if (node.localName === 'article') return message(node);
  if (node.localName === 'pre') return [pre(node)];
  if (node.matches('.text:not(.markdown), .thoughts:not(.markdown)')) return plainText(node);
  if (!KEPT.has(node.localName)) return kidsOf(node);
  return [element(node)];
}

/** @param {Element} node */
function element(node) {
  const name = /^h[3-6]$/.test(node.localName)
    ? `h${Number(node.localName[1]) - 2}`
    : node.localName;
  const copy = document.createElement(name);
  for (const attribute of ['href', 'start', 'dir'])
    if (node.hasAttribute(attribute))
      copy.setAttribute(attribute, node.getAttribute(attribute) ?? '');
  if (name === 'table') copy.style.borderCollapse = 'collapse';
  if (name === 'td' || name === 'th') {
    Object.assign(copy.style, { border: '1px solid #999', padding: '0.3em 0.6em' });
    const [align] = /center|right/.exec(node.className) ?? [];
    if (align) copy.style.textAlign = align;
  }
  copy.append(...kidsOf(node));
  return copy;
}

/** @param {Element} node @returns {Nodes} */
function formula(node) {
  const lines = (node.getAttribute('data-source') ?? '').split('\n');
  const source = lines.flatMap((line, n) => [
    ...(n ? [document.createElement('br')] : []),
    document.createTextNode(line),
  ]);
  if (node.localName === 'span') return source;
  const paragraph = document.createElement('p');
  paragraph.append(...source);
  return [paragraph];
}

/** Its number goes before its first word. @param {Element} node @returns {Nodes} */
function footnote(node) {
  const [, ...nodes] = kidsOf(node);
  const mark = `[${parseInt(node.querySelector('.note-mark')?.textContent ?? '', 10)}] `;
  const [first] = nodes;
  if (first instanceof Element && first.localName === 'p') first.prepend(mark);
  else nodes.unshift(document.createTextNode(mark));
  return nodes;
}

/** @param {Element} node */
function pre(node) {
  const copy = document.createElement('pre');
  const code = document.createElement('code');
  const chunks = [...node.querySelectorAll('code > span')];
  code.textContent = chunks.length
    ? chunks.map((chunk) => separatorBefore(chunk) + chunk.textContent).join('')
    : node.textContent;
  copy.append(code);
  return copy;
}

/** @param {Element} node @returns {Nodes} */
function plainText(node) {
  const paragraph = document.createElement('p');
  paragraph.textContent = node.childElementCount
    ? [...node.children].map((chunk) => separatorBefore(chunk) + chunk.textContent).join('')
    : node.textContent;
  paragraph.style.whiteSpace = 'pre-wrap';
  return [paragraph];
}

/** The author of a message, and its text. @param {Element} article @returns {Nodes} */
function message(article) {
  return [...article.children]
    .filter((part) => part.matches(OF_MESSAGE) || part.querySelector(OF_MESSAGE))
    .flatMap((part) => {
      if (part.localName !== 'h2') return clean(part);
      const paragraph = document.createElement('p');
      const name = document.createElement('strong');
      name.textContent = part.textContent;
      paragraph.append(name);
      return [paragraph];
    });
}
