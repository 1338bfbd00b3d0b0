// What a reference parser (micromark with GFM) makes of Markdown, as trees to compare with ours; and each way in which ours
// differs on purpose, as a change of the reference.
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { definition } from 'micromark-core-commonmark';
import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly';
import { gfmStrikethroughCjkFriendly } from 'micromark-extension-cjk-friendly-gfm-strikethrough';
import { gfm } from 'micromark-extension-gfm';
import { parse as micromark, postprocess, preprocess } from 'micromark';

/** The names of the changes; docs/markdown.md has the reason of each. */
export const CHANGES = [
  'html-blocks',
  'html-text',
  'tags',
  'links',
  'definitions',
  'tildes',
  'cjk-emphasis',
  'cjk-addresses',
  'bracketed-addresses',
  'images',
];

/** The tree of this text with these changes; trees that look the same are equal strings. */
export function reference(source, changes) {
  const has = (name) => changes.includes(name);
  let text = source.replace(/\r\n?/g, '\n');
  let ast = stable(parse(text, has));
  if (has('bracketed-addresses')) {
    text = withEscapedBrackets(text, ast);
    ast = stable(parse(text, has));
  }
  return shown(ast.children, { has, text, links: linksIn(ast, has), footnotes: new Set() }).join('\n');

  function stable(ast) {
    for (let edited, n = 0; n < 300 && (edited = withEdit(text, ast, has)) !== undefined; n++) {
      text = edited;
      ast = parse(text, has);
    }
    return ast;
  }
}

function parse(text, has) {
  // Its transforms find addresses a second time, by other rules than micromark's.
  const mdast = gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] }));
  return fromMarkdown(text, { extensions: extensionsFor(has), mdastExtensions: mdast });
}

function extensionsFor(has) {
  const extensions = [gfm({ singleTilde: !has('tildes') })];
  if (has('cjk-emphasis'))
    extensions.push(cjkFriendlyExtension(), gfmStrikethroughCjkFriendly({ singleTilde: !has('tildes') }));
  const disabled = [];
  if (has('html-blocks')) disabled.push('htmlFlow');
  if (has('definitions')) {
    disabled.push('definition');
    extensions.push({ contentInitial: { 91: { ...definition, name: 'safeDefinition', tokenize: tokenizeDefinition } } });
  }
  extensions.push({ disable: { null: disabled } });
  return extensions;
}

/** One that may not be opened defines nothing. */
function tokenizeDefinition(effects, ok, nok) {
  const { defined } = this.parser;
  const known = defined.length;
  const done = (code) => {
    const [, token] = this.events.findLast(([, { type }]) => type === 'definitionDestination') ?? [];
    const destination = this.sliceSerialize(token).replace(/^<([^]*)>$/, '$1');
    if (!isSafe(unescaped(destination))) defined.length = known;
    return ok(code);
  };
  return definition.tokenize.call(this, effects, done, nok);
}

const unescaped = (text) => {
  const { children } = fromMarkdown(`[x]: <${text.replace(/(?<!\\)([<>])/g, '\\$1')}>`);
  return children[0]?.url ?? text;
};

export function isSafe(href) {
  try {
    return ['http:', 'https:', 'mailto:'].includes(new URL(href).protocol);
  } catch {
    return false;
  }
}

function linksIn(ast, has) {
  const links = new Map();
  visit(ast, (node) => {
    if (node.type !== 'definition' || links.has(node.identifier)) return;
    if (!has('definitions') || isSafe(node.url)) links.set(node.identifier, node);
  });
  return links;
}

function visit(node, see, parent) {
  see(node, parent);
  for (const kid of node.children ?? []) visit(kid, see, node);
}

/** The source with the next place escaped where the reference makes a link and we show what was written. */
function withEdit(text, ast, has) {
  let edit;
  visit(ast, (node) => {
    if (edit !== undefined || !['link', 'image'].includes(node.type)) return;
    const [start, end] = [node.position.start.offset, node.position.end.offset];
    const source = text.slice(start, end);
    const isBracketed = /^!?\[/.test(source) && source.endsWith(')');
    if (has('cjk-addresses') && !isBracketed && source[0] !== '<') {
      const at = source.search(CJK_END);
      if (at >= 0) return void (edit = `${text.slice(0, start + at)}<!---->${text.slice(start + at)}`);
    }
    if (!has('links') || isSafe(node.url)) return;
    if (!isBracketed) return void (edit = text.slice(0, start) + literal(source) + text.slice(end));
    const close = endOfLabel(text, start, has);
    const mark = source[0] === '!' ? '!\\[' : '\\[';
    edit =
      text.slice(0, start) + mark + text.slice(start + mark.length - 1, close) + literal(text.slice(close, end)) + text.slice(end);
  });
  return edit;
}

/** Written out for this test, not taken from the page. */
const CJK_END =
  /[‘’‚‛“”„‟…　、。〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟・！（），．：；？［］｛｝～｟｠｡｢｣､･]/;

/** Where the bracket is that closes the text of the link that begins here. */
function endOfLabel(text, start, has) {
  const extensions = extensionsFor(has);
  const chunks = preprocess()(text, undefined, true);
  const events = postprocess(micromark({ extensions }).document().write(chunks));
  const [, { end }] = events.find(([kind, { type, start: { offset } }]) => kind === 'enter' && type === 'label' && offset === start);
  return end.offset - 1;
}

const literal = (text) => text.replace(/[!-/:-@[-`{-~]/g, '\\$&');

/** The source with each bracket escaped that is text. */
function withEscapedBrackets(text, ast) {
  const places = [];
  visit(ast, (node, parent) => {
    if (node.type !== 'text' || !node.position) return;
    if (parent.type === 'link' && parent.position.start.offset === node.position.start.offset) return;
    if (parent.type === 'link' && text[parent.position.start.offset] === '<') return;
    for (let at = node.position.start.offset; at < node.position.end.offset; at++) {
      if (text[at] === '\\') at++;
      else if (text[at] === '[') places.push(at);
    }
  });
  return places.reduceRight((escaped, at) => `${escaped.slice(0, at)}\\${escaped.slice(at)}`, text);
}

const line = (name, attributes, kids) => `(${[name, ...attributes.map((value) => JSON.stringify(value)), ...kids].join(' ')})`;

function shown(nodes, context) {
  const trees = [];
  for (const node of context.has('tags') ? withElements(nodes) : nodes) {
    if (node.type === 'html' && node.value === '<!---->') continue;
    const tree = one(node, context);
    if (tree === undefined) continue;
    for (const part of [tree].flat()) trees.push(part);
  }
  return mergedTexts(trees);
}

/** Texts side by side are one. */
export function mergedTexts(trees) {
  const merged = [];
  for (const tree of trees) {
    if (typeof tree === 'object' && typeof merged.at(-1) === 'object')
      merged[merged.length - 1] = { text: merged.at(-1).text + tree.text };
    else merged.push(tree);
  }
  return merged.map((tree) => (typeof tree === 'object' ? JSON.stringify(tree.text) : tree)).filter((tree) => tree !== '""');
}

function one(node, context) {
  const { has, links } = context;
  const kids = () => shown(node.children, context);
  switch (node.type) {
    case 'paragraph':
      return line('p', [], kids());
    case 'heading':
      return line('h', [Math.min(6, node.depth + 2)], kids());
    case 'thematicBreak':
      return line('hr', [], []);
    case 'blockquote':
      return line('quote', [], kids());
    case 'code':
      return line('code', [(node.lang ?? '').slice(0, 40), node.value], []);
    case 'list': {
      const isLoose = node.spread || node.children.some(({ spread }) => spread);
      return line(node.ordered ? 'ol' : 'ul', [node.ordered ? node.start : 1, isLoose ? 'loose' : 'tight'], kids());
    }
    case 'listItem': {
      const box = node.checked === null || node.checked === undefined ? [] : [node.checked ? 'done' : 'todo'];
      return line('li', box, kids());
    }
    case 'table': {
      const width = node.children[0].children.length;
      return line(
        'table',
        node.align.map((align) => align ?? ''),
        node.children.map(({ children }) => {
          const cells = children.map((cell) => line('cell', [], shown(cell.children, context)));
          while (cells.length < width) cells.push(line('cell', [], []));
          return line('row', [], cells);
        }),
      );
    }
    case 'definition':
      return has('definitions') && !isSafe(node.url) ? asWritten(node, context) : undefined;
    case 'footnoteDefinition':
      return line('note', [node.identifier.toUpperCase()], kids());
    case 'footnoteReference':
      return line('ref', [node.identifier.toUpperCase()], []);
    case 'html':
      return has('html-text') ? { text: node.value } : line('html', [node.value], []);
    case 'text':
      return { text: node.value };
    case 'inlineCode':
      return line('code', [node.value.replaceAll('\n', ' ')], []);
    case 'break':
      return line('br', [], []);
    case 'emphasis':
      return line('em', [], kids());
    case 'strong':
      return line('strong', [], kids());
    case 'delete':
      return line('del', [], kids());
    case 'element':
      return line(node.tag, [], kids());
    case 'link':
    case 'linkReference': {
      const url = node.url ?? links.get(node.identifier).url;
      return isSafe(url) ? line('a', [normal(url)], shown(node.children, { ...context, inLink: true })) : line('a', [url], kids());
    }
    case 'image':
    case 'imageReference': {
      const url = node.url ?? links.get(node.identifier).url;
      if (!has('images')) return line('img', [url, node.alt ?? ''], []);
      if (context.inLink) return { text: node.alt || 'image' };
      return line('a', [isSafe(url) ? normal(url) : url], [JSON.stringify(node.alt || 'image')]);
    }
    default:
      throw new Error(node.type);
  }
}

function normal(href) {
  const url = new URL(href);
  if (url.protocol === 'mailto:') [url.search, url.hash] = ['', ''];
  return url.href;
}

/** A definition as a paragraph of its own. */
function asWritten(node, context) {
  const source = context.text
    .slice(node.position.start.offset, node.position.end.offset)
    .split('\n')
    .map((text, i) => (i ? text.replace(/^[ \t>]*/, '') : text))
    .join('\n');
  const definitions = [...context.links].map(([, { label, url }]) => `[${label}]: <${url}>`).join('\n');
  return reference(`\\${source}\n\n${definitions}\n`, CHANGES.filter(context.has)).split('\n')[0];
}

const PAIRS = ['sub', 'sup', 'kbd', 'mark', 'small', 'u', 'ins', 'del'];

/** Pairs of tags as elements, where both stand in the same text. */
function withElements(nodes) {
  const found = [];
  for (const node of nodes) {
    const [, end, name, empty] = (node.type === 'html' && /^<(\/?)([a-z]+)\s*(\/?)>$/i.exec(node.value)) || [];
    const tag = name?.toLowerCase();
    if (tag === 'br' && !end) found.push({ type: 'break' });
    else if (end && !empty && PAIRS.includes(tag)) {
      const at = found.findLastIndex(({ opens }) => opens === tag);
      if (at < 0) found.push(node);
      else found.push({ type: 'element', tag, children: found.splice(at).slice(1) });
    } else found.push(PAIRS.includes(tag) && !end && !empty ? { ...node, opens: tag } : node);
  }
  return found;
}
