// A cursor in one line: how far its containers' marks have been read, counted in characters and in columns, for a tab
// may be partly an indent and partly text.

const TAB = 4;

export class Line {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.offset = 0;
    this.column = 0;
    /** Of the tab at the offset some columns are read. */
    this.inTab = false;
    /** Where the white space here ends, in characters and in columns, and how wide it is. */
    this.at = this.columnAt = this.indent = 0;
    this.isBlank = false;
    this.find();
  }

  /** Find what comes after the white space here: `at`, `indent` and whether the rest `isBlank`. */
  find() {
    let column = this.column;
    let at = this.offset;
    for (; this.text[at] === ' ' || this.text[at] === '\t'; at++)
      column += this.text[at] === '\t' ? TAB - (column % TAB) : 1;
    this.at = at;
    this.columnAt = column;
    this.indent = column - this.column;
    this.isBlank = at === this.text.length;
  }

  /** Code, where it is not the text of a paragraph. */
  get isIndented() {
    return this.indent >= TAB;
  }

  /** The character after the white space. */
  get next() {
    return this.text[this.at] ?? '';
  }

  /** The text after the white space. */
  get words() {
    return this.text.slice(this.at);
  }

  get isAtSpace() {
    return this.text[this.offset] === ' ' || this.text[this.offset] === '\t';
  }

  /** Skip the white space. */
  skipIndent() {
    this.offset = this.at;
    this.column = this.columnAt;
    this.inTab = false;
    this.find();
  }

  /** @param {number} columns */
  skipColumns(columns) {
    for (let left = columns; left > 0 && this.offset < this.text.length;) {
      const width = this.text[this.offset] === '\t' ? TAB - (this.column % TAB) : 1;
      const step = Math.min(left, width);
      this.inTab = step < width;
      if (!this.inTab) this.offset++;
      this.column += step;
      left -= step;
    }
    this.find();
  }

  /** What is left, with the rest of a tab as spaces. */
  get rest() {
    if (!this.inTab) return this.text.slice(this.offset);
    return ' '.repeat(TAB - (this.column % TAB)) + this.text.slice(this.offset + 1);
  }
}
