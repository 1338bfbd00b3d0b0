// Elements of an answer as text: what is pasted where nothing but text can be.

/** The text of clean elements. @param {Node} node @returns {string} */
export function textOf(node) {
  if (!(node instanceof Element)) return node.textContent ?? '';
  const inner = () => [...node.childNodes].map(textOf).join('');
  switch (node.localName) {
    case 'br':
      return '\n';
    case 'hr':
      return '---\n\n';
    case 'pre':
      return `${(node.textContent ?? '').replace(/\n$/, '')}\n\n`;
    case 'table':
      return `${[...node.querySelectorAll('tr')].map(textOf).join('\n')}\n\n`;
    case 'tr':
      return [...node.children].map((cell) => line(cell)).join('\t');
    case 'ul':
    case 'ol':
      return `${[...node.children].map((item, n) => itemOf(item, markOf(node, n))).join('\n')}\n\n`;
    case 'sup':
      return raised(inner());
    case 'p':
    case 'blockquote':
    case 'details':
    case 'summary':
    case 'h1':
    case 'h2':
    case 'h3':
    case 'h4':
      return `${inner().trimEnd()}\n\n`;
    default:
      return inner();
  }
}

/** Powers stay powers, 10 to the 6th is not 106; letters are the end of their word. @param {string} text */
function raised(text) {
  if (!/[\d+−-]/.test(text) || /[[\]]/.test(text)) return text;
  return text.length > 1 && !/^[-−]?\d+$/.test(text) ? `^(${text})` : `^${text}`;
}

/** @param {Element} list @param {number} n */
const markOf = (list, n) =>
  list.localName === 'ol' ? `${Number(list.getAttribute('start') ?? 1) + n}. ` : '- ';

/** Its blocks stand close together; within code and quotations lines stay empty. @param {Element} item @param {string} mark */
function itemOf(item, mark) {
  const text = [...item.childNodes]
    .map((kid) => textOf(kid).replace(/\n+$/, '\n'))
    .join('')
    .trimEnd();
  return mark + text.replace(/\n(?!\n)/g, `\n${' '.repeat(mark.length)}`);
}

/** @param {Element} cell */
const line = (cell) =>
  [...cell.childNodes]
    .map(textOf)
    .join('')
    .trim()
    .replace(/\s*\n\s*/g, ' ');

/** Tables as Markdown. @param {Element} root */
export function markdownOf(root) {
  const [head, ...rows] = [...root.querySelectorAll('tr')].filter(
    (row, n) => n === 0 || !row.closest('thead'), // each part repeats the head
  );
  const dashes = [...head.children].map(({ className }) =>
    className.includes('center') ? ':---:' : className.includes('right') ? '---:' : '---',
  );
  const written = (/** @type {Element} */ row) => [...row.children].map((cell) => cellOf(cell));
  return [written(head), dashes, ...rows.map(written)]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** Markdown has no marks for them. */
const TAGS = new Set(['sub', 'sup', 'kbd', 'mark', 'small', 'u', 'ins']);
/** @type {Record<string, string>} */
const MARKS = { strong: '**', em: '*', del: '~~', code: '`' };

/** @param {Node} node @returns {string} */
function cellOf(node) {
  if (node instanceof Text) return node.data.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
  if (!(node instanceof Element) || node.matches('button, .host')) return '';
  if (node.matches('.math[data-source]'))
    return (node.getAttribute('data-source') ?? '')
      .replace(/\s*\n\s*/g, ' ')
      .replaceAll('|', '\\|');
  const note = node.querySelector('.noteref')?.getAttribute('data-label');
  if (node.localName === 'sup' && note) return `[^${note}]`;
  const inner = [...node.childNodes].map(cellOf).join('');
  const mark = MARKS[node.localName] ?? '';
  if (node.localName === 'a') return `[${inner}](${node.getAttribute('href')})`;
  if (node.localName === 'br') return '<br>';
  if (TAGS.has(node.localName)) return `<${node.localName}>${inner}</${node.localName}>`;
  return mark + (mark || !/^t[dh]$/.test(node.localName) ? inner : inner.trim()) + mark;
}
