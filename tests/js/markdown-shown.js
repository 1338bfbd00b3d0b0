// What the page shows of Markdown, in the form of markdown-reference.js.
import './words.js';
import { blocks } from '../../static/markdown/blocks.js';
import { codeOf } from '../../static/markdown/code-block.js';
import { lex } from '../../static/markdown/lexer.js';
import { textOf } from '../../static/markdown/vdom.js';
import { mergedTexts } from './markdown-reference.js';

const line = (name, attributes, kids) =>
  `(${[name, ...attributes.map((value) => JSON.stringify(value)), ...kids].join(' ')})`;

/** The tree of this text; trees that look the same are equal strings. */
export const ours = (text) =>
  of(blocks(lex(text.replace(/\r\n?/g, '\n'), undefined, { isEnd: true }).tokens)).join('\n');

const of = (trees) =>
  mergedTexts(
    trees
      .flatMap(said)
      .map(one)
      .filter((tree) => tree !== undefined),
  );

/** Without what only keeps a line together, and without the place that a link leads to. */
function said(tree) {
  if (tree.attributes?.class === 'host') return [];
  return tree.attributes?.class === 'kept' ? tree.kids.flatMap(said) : [tree];
}

function one(tree) {
  if ('text' in tree) return { text: tree.text };
  const { tag, attributes, kids } = tree;
  const named = (name, ...values) => line(name, values, of(kids));
  switch (tag) {
    case 'h3':
    case 'h4':
    case 'h5':
    case 'h6':
      return named('h', Number(tag[1]));
    case 'blockquote':
      return named('quote');
    case 'ul':
    case 'ol':
      return named(tag, Number(attributes.start ?? 1), attributes.class ?? 'loose');
    case 'li':
      return item(tree);
    case 'code':
      return line('code', [textOf(tree)], []);
    case 'div':
      return division(tree);
    case 'sup':
      if (attributes.class !== 'ref') return named(tag);
      return line('ref', [kids[0].attributes['data-note'].slice(1)], []);
    case 'a':
      return line('a', [attributes.href], of(kids));
    default:
      return named(tag);
  }
}

function item({ attributes, kids }) {
  if (attributes.class !== 'todo') return line('li', [], of(kids));
  const [first, ...others] = kids;
  const [box, space, ...words] = first.kids;
  const text = { ...first, kids: [{ text: space.text.slice(1) }, ...words] };
  return line(
    'li',
    [box.attributes['aria-label'] === 'done' ? 'done' : 'todo'],
    of([text, ...others]),
  );
}

function division(tree) {
  const { attributes, kids } = tree;
  if (attributes.class === 'code') {
    const code = codeOf(tree);
    const text = code.kids.map(textOf).join('\n');
    return line('code', [code.attributes['data-language'] ?? '', text], []);
  }
  if (attributes.class === 'footnote')
    return line('note', [attributes['data-note'].slice(1)], of(kids[1].kids));
  const [head, body] = kids[0].kids;
  const rows = [...head.kids, ...body.kids];
  return line(
    'table',
    rows[0].kids.map(({ attributes }) => attributes.class ?? ''),
    rows.map(({ kids }) =>
      line(
        'row',
        [],
        kids.map((cell) => line('cell', [], of(cell.kids))),
      ),
    ),
  );
}
