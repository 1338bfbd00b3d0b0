// Labels of links and footnotes: what stands in brackets, and when two are the same.

const LONGEST = 999;

/** @param {string} label */
export const keyOf = (label) =>
  label
    .replace(/[\t\n ]+/g, ' ')
    .trim()
    .toLowerCase()
    .toUpperCase();

/**
 * The label that begins with the bracket at `at`: its text, its key, and where it ends after the closing bracket.
 * @param {string} text @param {number} at
 */
export function scanLabel(text, at) {
  const most = Math.min(text.length, at + LONGEST + 2);
  for (let i = at + 1; i < most; i++) {
    if (text[i] === '[') return undefined;
    if (text[i] === '\\' && '[]\\'.includes(text[i + 1] ?? ' ')) i++;
    else if (text[i] === ']') {
      const label = text.slice(at + 1, i);
      return label.trim() ? { text: label, key: keyOf(label), end: i + 1 } : undefined;
    }
  }
  return undefined;
}

/** The same for `[^label]`, which has no white space in it; its key begins with `^`. @param {string} text @param {number} at */
export function scanFootnoteLabel(text, at) {
  if (text[at + 1] !== '^') return undefined;
  const label = scanLabel(text, at);
  if (!label || label.text.length < 2 || /\s/.test(label.text)) return undefined;
  return { ...label, text: label.text.slice(1) };
}
