// Cuts a JSON array of any length into its elements while it arrives, so that no more than one of them is parsed and
// held at a time. What an element says is not looked at: only strings, brackets and commas are.

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
/** `[`, `{` and `]`, `}` differ by this bit from each other. */
const [OPENING, CLOSING, CASE] = [0x5b, 0x5d, 0x20];

export class JsonItems {
  #longest;
  /** @type {string[]} the element so far, in pieces */
  #pieces = [];
  #length = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The array has ended. */
  isOver = false;

  /** @param {number} longest a longer element, in characters, is yielded as undefined */
  constructor(longest) {
    this.#longest = longest;
  }

  /** Return the elements that end in this text. @param {string} text @returns {(string | undefined)[]} */
  push(text) {
    /** @type {(string | undefined)[]} */
    const ended = [];
    let from = 0;
    for (let i = 0; i < text.length && !this.isOver; i += 1) {
      const code = text.charCodeAt(i);
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (code === BACKSLASH) this.#escaped = true;
        else if (code === QUOTE) this.#inString = false;
      } else if (code === QUOTE) this.#inString = true;
      else if ((code & ~CASE) === OPENING) {
        this.#depth += 1;
        if (this.#depth === 1) from = i + 1;
      } else if ((code & ~CASE) === CLOSING || code === COMMA) {
        if (this.#depth === 1) {
          this.#keep(text.slice(from, i));
          from = i + 1;
          this.#end(ended);
        }
        if (code !== COMMA) this.#depth -= 1;
        this.isOver = this.#depth === 0 && code !== COMMA;
      }
    }
    if (this.#depth > 0) this.#keep(text.slice(from));
    return ended;
  }

  /** @param {string} text */
  #keep(text) {
    this.#length += text.length;
    if (this.#length > this.#longest) this.#pieces = [];
    else this.#pieces.push(text);
  }

  /** @param {(string | undefined)[]} ended */
  #end(ended) {
    const item = this.#pieces.join('');
    if (this.#length > this.#longest) ended.push(undefined);
    else if (item.trim()) ended.push(item);
    [this.#pieces, this.#length] = [[], 0];
  }
}
