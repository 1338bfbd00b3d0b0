// What a reference parser (micromark with GFM) makes of Markdown, as trees to compare with ours; and each way in which ours
// differs on purpose, as a change of the reference.
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { definition } from 'micromark-core-commonmark';
import { cjkFriendlyExtension } from 'micromark-extension-cjk-friendly';
import { gfmStrikethroughCjkFriendly } from 'micromark-extension-cjk-friendly-gfm-strikethrough';
import { gfm } from 'micromark-extension-gfm';
import { decodeString } from 'micromark-util-decode-string';
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
  'interruptions',
  'www',
  'formulas',
];

/** The tree of this text with these changes; trees that look the same are equal strings. */
export function reference(source, changes) {
  const has = (name) => changes.includes(name);
  let text = source.replace(/\r\n?/g, '\n');
  let ast = stable(parse(text, has), has);
  if (has('bracketed-addresses')) {
    text = withEscapedBrackets(text, ast);
    ast = stable(parse(text, has), (name) => name !== 'formulas' && has(name)); // \[ is now ours
  }
  return shown(ast.children, { has, text, links: linksIn(ast, has) })
    .join('\n')
    .replaceAll(` "${CUT}"`, '')
    .replaceAll(CUT, '');

  function stable(ast, has) {
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
  mdast.push({ enter: { hardBreakEscape: enterBreak, hardBreakTrailing: enterBreak } });
  return fromMarkdown(text, { extensions: extensionsFor(has), mdastExtensions: mdast });
}

/** A break in the text of an image, which it leaves out: the words would be one. */
function enterBreak(token) {
  this.enter({ type: 'break', value: '\n' }, token);
}

function extensionsFor(has) {
  const singleTilde = !has('tildes');
  const extensions = [];
  if (has('cjk-emphasis')) extensions.push(cjkFriendlyExtension());
  extensions.push(gfm({ singleTilde }));
  if (has('cjk-emphasis')) extensions.push(gfmStrikethroughCjkFriendly({ singleTilde }));
  const disabled = [];
  if (has('html-blocks')) disabled.push('htmlFlow');
  if (has('definitions')) {
    disabled.push('definition');
    extensions.push({
      contentInitial: {
        91: { ...definition, name: 'safeDefinition', tokenize: tokenizeDefinition },
      },
    });
  }
  extensions.push({ disable: { null: disabled } });
  return extensions;
}

/** One that may not be opened defines nothing. */
function tokenizeDefinition(effects, ok, nok) {
  const { defined } = this.parser;
  const known = defined.length;
  const done = (code) => {
    const [, token] =
      this.events.findLast(([, { type }]) => type === 'definitionDestination') ?? [];
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
  const edit =
    (has('interruptions') ? withRule(text, ast) : undefined) ??
    (has('formulas') ? withUnfinished(text, ast) : undefined);
  if (edit !== undefined) return edit;
  const put = (start, end, more) => text.slice(0, start) + more + text.slice(end);
  for (const { kind, start, end, label, url } of targetsIn(text, has)) {
    const source = text.slice(start, end);
    const tag = kind === 'literalAutolink' && has('html-text') ? tagAround(text, start) : undefined;
    if (tag) return put(tag.start, tag.end, literal(text.slice(tag.start, tag.end)));
    const at = kind === 'literalAutolink' && has('cjk-addresses') ? endBefore(source) : -1;
    if (at >= 0) return put(start + at, start + at, CUT);
    // `www.` alone is text, and what follows it does not belong to it.
    if (
      kind === 'literalAutolink' &&
      has('www') &&
      /^www(?:$|\.(?:$|[\s\p{P}\p{S}]))/iu.test(source)
    )
      return put(start + 3, start + 3, CUT);
    if (!has('links') || isSafe(url)) continue;
    if (label === undefined)
      return put(
        start,
        end,
        `${source[0] === '<' ? CUT : ''}${literal(source).replaceAll('\\|', '|')}`, // an escaped one divides no cells
      );
    const bracket = kind === 'image' ? 1 : 0;
    const inner = text.slice(start + bracket + 1, label);
    return put(
      start,
      end,
      `${source.slice(0, bracket)}\\[${inner}${CUT}${literal(text.slice(label, end))}`,
    );
  }
  return undefined;
}

/** A tag with an address in a value without quotes, where micromark begins a link: it is a tag as any other. */
function tagAround(text, at) {
  const start = text.lastIndexOf('<', at);
  const [tag] =
    /^<[a-z][\w-]*(?:\s+[a-z_:][\w.:-]*(?:=(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*\/?>/i.exec(
      text.slice(start),
    ) ?? [];
  const isIn = tag && text[at - 1] === '=' && start + tag.length > at;
  return isIn ? { start, end: start + tag.length } : undefined;
}

/** All that is a link by itself, in order of the ends. */
function targetsIn(text, has) {
  const chunks = preprocess()(text, undefined, true);
  const events = postprocess(
    micromark({ extensions: extensionsFor(has) })
      .document()
      .write(chunks),
  );
  const found = [];
  const open = [];
  for (const [way, { type, start, end }] of events) {
    const [from, to, top] = [start.offset, end.offset, open.at(-1)];
    const source = text.slice(from, to);
    if (type === 'link' || type === 'image') {
      if (way === 'enter') open.push({ kind: type, start: from, end: to });
      else if (top.url !== undefined) found.push(open.pop());
      else open.pop();
    } else if (type === 'label' && way === 'exit' && top) top.label ??= to - 1;
    else if (type === 'resource' && way === 'enter' && top) top.url = '';
    else if (type === 'resourceDestinationString' && way === 'exit') top.url = decodeString(source);
    else if (way === 'enter' && type === 'autolink')
      found.push({
        kind: type,
        start: from,
        end: to,
        url: `${/^<[^:]*@/.test(source) ? 'mailto:' : ''}${source.slice(1, -1)}`,
      });
    else if (way === 'enter' && type === 'literalAutolink')
      found.push({
        kind: type,
        start: from,
        end: to,
        url: /^https?:/i.test(source) ? source : `http://${source}`,
      });
  }
  return found;
}

/** Ends an address; it is removed from the tree. */
const CUT = '<\ue000';
const RULE = '_ _ _ _ _ _ _ _ _';
const HOLDERS = ['listItem', 'blockquote', 'footnoteDefinition'];

/** The source with a rule before a paragraph that looks like an item, which only a paragraph could be interrupted by. */
function withRule(text, ast) {
  let edit;
  visit(ast, (node, parent) => {
    if (!['paragraph', 'heading'].includes(node.type) || edit !== undefined) return;
    const { start } = node.position;
    const isItem = /^(?:\d{1,9}[.)]|[-+*])(?:[ \t]|$)/.test(
      text.slice(start.offset).split('\n')[0],
    );
    if (!isItem) return;
    const at = text.lastIndexOf('\n', start.offset - 1) + 1;
    const before = parent.children[parent.children.indexOf(node) - 1];
    if (before?.type === 'code') {
      if (/^(?:```|~~~)/.test(text.slice(before.position.start.offset))) return;
      edit = `${text.slice(0, start.offset)}${RULE}\n${text.slice(at)}`;
    } else if (
      !before &&
      HOLDERS.includes(parent.type) &&
      !text.slice(0, at).endsWith(`${RULE}\n`)
    ) {
      const [prefix] = /^[ \t>]*/.exec(text.slice(at));
      edit = `${text.slice(0, at)}${prefix}${RULE}\n${text.slice(at)}`;
    }
  });
  return edit;
}

/** Of words after the opening of a display, what no prose has. */
const SIGNED = /\\[a-zA-Z]|[\^=]|_\{/;

/** The source with all escaped from a display on that was cut off: it has no end, and the text ends without a blank line. */
function withUnfinished(text, ast) {
  const opening =
    /^([ \t>]*(?:(?:(?:[-+*]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t])?|\[\^\w+\]:)[ \t>]*)*)(\\\[|\$\$)(.*)$/gm;
  for (const { 0: line, 1: marks, 2: mark, 3: words, index } of text.matchAll(opening)) {
    const close = mark === '$$' ? '$$' : '\\]';
    if (words.trim() && (!SIGNED.test(words) || words.includes(close))) continue;
    const at = index + marks.length;
    const [, ...others] = text.slice(index).replace(/\n$/, '').split('\n');
    const items = itemsAround(ast, at, marks.length);
    if (items === undefined) continue;
    // Of a line its containers' marks, as many as at the opening.
    const within = new RegExp(`^[ \\t]*(?:>[ \\t]*){${marks.split('>').length - 1}}`);
    const parts = others.map((other) => {
      const [prefix] = within.exec(other) ?? [other];
      return [prefix, other.slice(prefix.length).trimEnd()];
    });
    const goesOn = parts.every(([prefix, words]) => words && prefix.length >= items);
    if (!goesOn || others.join('\n').includes(close)) continue;
    const escaped = parts.map(([prefix, words]) => prefix + literal(words));
    const [quotes] = /^[ \t>]*/.exec(marks);
    const isFirst = /[-+*.)\d:]/.test(marks);
    const rule = isFirst ? '' : `${quotes}${RULE}\n`;
    const head = marks + literal(line.slice(marks.length).trimEnd());
    return text.slice(0, index) + rule + [head, ...escaped].join('\n');
  }
  return undefined;
}

/** How far items indent what is written here after so much white space; undefined where it is code. */
function itemsAround(ast, at, width) {
  let indent = 0;
  visit(ast, ({ type, position, children }) => {
    if (!position || at < position.start.offset || at > position.end.offset) return;
    if (['code', 'inlineCode', 'html'].includes(type)) indent = undefined;
    else if (['listItem', 'footnoteDefinition'].includes(type) && indent !== undefined) {
      const inner =
        type === 'listItem' ? children[0]?.position.start.column : position.start.column + 4;
      const own = (inner ?? 1) - 1;
      if (own <= width) indent = Math.max(indent, own); // a lazy line ends the item
    }
  });
  return indent;
}

/** Written out for this test, not taken from the page. */
const CJK_END =
  /[‘’‚‛“”„‟…　、。〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟・！（），．：；？［］｛｝～｟｠｡｢｣､･]/;

/** Where their punctuation ends an address, and marks before it; -1 if it does not. */
const endBefore = (source) =>
  CJK_END.test(source) ? source.split(CJK_END, 1)[0].replace(/[*_~]+$/, '').length : -1;

const literal = (text) => text.replace(/[!-/:-@[-`{-~]/g, '\\$&');

/** The source with each bracket escaped that is text. */
function withEscapedBrackets(text, ast) {
  const places = [];
  let done = 0; // where the last link in marks ends
  visit(ast, (node, parent) => {
    const { start, end } = node.position ?? {};
    if (/^(?:link|image)/.test(node.type) && start && '[!<'.includes(text[start.offset]))
      done = Math.max(done, end.offset);
    if (node.type !== 'text' || !node.position) return;
    if (parent.type === 'link' && parent.position.start.offset === node.position.start.offset)
      return;
    if (parent.type === 'link' && text[parent.position.start.offset] === '<') return;
    for (let at = node.position.start.offset; at < node.position.end.offset; at++) {
      if (text[at] === '\\') at++;
      else if ((text[at] === '[' || text[at] === ']') && !isInAddress(text, at, done))
        places.push(at);
    }
  });
  return places.reduceRight((escaped, at) => {
    const cut = text[at] === ']' ? CUT : '';
    return `${escaped.slice(0, at)}${cut}\\${escaped.slice(at)}`;
  }, text);
}

/** Whether a bracket is in an address, which takes it and begins after this place. */
function isInAddress(text, at, done) {
  const from = Math.max(0, at - 200, done <= at ? done : 0);
  const [run] =
    /(?:(?<![a-z])<?https?:\/\/[\p{L}\p{N}]|(?<![^\s(*_[\]~])www\.[\p{L}\p{N}])[^\s]*$/iu.exec(
      text.slice(from, at),
    ) ?? [''];
  if (
    !run ||
    /.<|\][([]/.test(run + text[at]) ||
    (run[0] === '<' && run.includes('>')) ||
    CJK_END.test(run)
  )
    return false;
  return !(text[at] === ']' && /^(?:[([]|\s|$)/.test(text[at + 1] ?? ''));
}

const line = (name, attributes, kids) =>
  `(${[name, ...attributes.map((value) => JSON.stringify(value)), ...kids].join(' ')})`;

function shown(nodes, context) {
  const trees = [];
  const whole = withWholeCode(nodes, context.text);
  for (const node of context.has('tags') ? withElements(whole) : whole) {
    if (isMark(node, context.text)) continue;
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
  return merged
    .map((tree) => (typeof tree === 'object' ? JSON.stringify(tree.text) : tree))
    .filter((tree) => tree !== '""');
}

/** Lines of indented code that follow each other are one block; after an empty quotation micromark makes two of them. */
function withWholeCode(nodes, text) {
  const found = [];
  for (const node of nodes) {
    const last = found.at(-1);
    const isGoingOn =
      isIndentedCode(node, text) &&
      last &&
      isIndentedCode(last, text) &&
      last.position.end.line + 1 === node.position.start.line;
    if (!isGoingOn) found.push(node);
    else
      found[found.length - 1] = {
        ...last,
        value: `${last.value}\n${node.value}`,
        position: { start: last.position.start, end: node.position.end },
      };
  }
  return found;
}

const isIndentedCode = ({ type, position }, text) =>
  type === 'code' && !/^(?:```|~~~)/.test(text.slice(position.start.offset));

/** What an edit has added. */
const isMark = ({ type, position }, text) =>
  type === 'thematicBreak' && text.slice(position.start.offset).startsWith(RULE);

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
      return line('code', [(node.lang ?? '').slice(0, 40), codeOf(node, context.text)], []);
    case 'list': {
      // The specification has two blocks apart in a loose list; micromark has blank lines in a quotation's empty item,
      // too, and misses those in one after a list.
      const isLone = node.children.length === 1 && node.children[0].children.length < 2;
      const isApart = node.children.some(
        (item, n) => n && areApart(node.children[n - 1], item, context.text),
      );
      const isLoose =
        !isLone && (isApart || node.spread || node.children.some(({ spread }) => spread));
      return line(
        node.ordered ? 'ol' : 'ul',
        [node.ordered ? node.start : 1, isLoose ? 'loose' : 'tight'],
        kids(),
      );
    }
    case 'listItem': {
      const box =
        node.checked === null || node.checked === undefined ? [] : [node.checked ? 'done' : 'todo'];
      const [first, ...others] = node.children;
      if (box.length && first?.children[0]?.type === 'text') {
        const [{ value }, ...words] = first.children;
        const text = { type: 'text', value: value.replace(/^[ \t]+/, '') };
        return line(
          'li',
          box,
          shown([{ ...first, children: [text, ...words] }, ...others], context),
        );
      }
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
      return has('html-text')
        ? { text: node.value.replace(/\n[ \t]+/g, '\n') }
        : line('html', [node.value], []);
    case 'text':
      return { text: node.value };
    case 'inlineCode':
      return line('code', [spanOf(node, context.text)], []);
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
      // No element of the page is a link in a link.
      if (context.inLink) return node.children.map((kid) => one(kid, context));
      return isSafe(url)
        ? line('a', [normal(url)], shown(node.children, { ...context, inLink: true }))
        : line('a', [url], kids());
    }
    case 'image':
    case 'imageReference': {
      const url = node.url ?? links.get(node.identifier).url;
      if (!has('images')) return line('img', [url, node.alt ?? ''], []);
      const text = node.alt?.replaceAll(CUT, '');
      const alt = text?.trim() ? text : 'image';
      if (context.inLink) return { text: alt };
      return line('a', [isSafe(url) ? normal(url) : url], [JSON.stringify(alt)]);
    }
    default:
      throw new Error(node.type);
  }
}

/** Whether a line without words stands between two items, and not in the first one's quotation. */
function areApart(first, second, text) {
  const from = lastLineOf(first);
  const [next, ...between] = text.split('\n').slice(from, second.position.start.line).reverse();
  const depth = (line) => /^[ \t>]*/.exec(line)[0].split('>').length;
  return between.some((line) => depth(line) <= depth(next));
}

/** Where the words of a node end. */
const lastLineOf = ({ children, position }) =>
  children?.length ? lastLineOf(children.at(-1)) : position.end.line;

/** Code in a text; lines of a paragraph have no indent, micromark leaves it. */
function spanOf({ value, position }, text) {
  const source = text.slice(position.start.offset, position.end.offset);
  const [, , inner] = /^(`+)([^]*)\1$/.exec(source) ?? [];
  if (!inner?.includes('\n')) return value;
  const code = inner.replace(/\n[ \t>]*/g, ' ');
  return /^ .*[^ ].* $/.test(code) ? code.slice(1, -1) : code;
}

/** Without the blank lines at the end of indented code, which micromark leaves where they hold white space. */
function codeOf({ value, position }, text) {
  return isIndentedCode({ type: 'code', position }, text)
    ? value.replace(/(?:\n[ \t]*)+$/, '')
    : value;
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
  const definitions = [...context.links]
    .map(([, { label, url }]) => `[${label}]: <${url}>`)
    .join('\n');
  return reference(`\\${source}\n\n${definitions}\n`, CHANGES.filter(context.has)).split('\n')[0];
}

const PAIRS = ['sub', 'sup', 'kbd', 'mark', 'small', 'u', 'ins', 'del'];

/** Pairs of tags as elements, where both stand in the same text. */
function withElements(nodes) {
  const found = [];
  for (const node of nodes) {
    const [, end, name, empty] =
      (node.type === 'html' && /^<(\/?)([a-z]+)\s*(\/?)>$/i.exec(node.value)) || [];
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
