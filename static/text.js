// Plain text that only grows, in blocks: a single text node of thousands of lines is laid out anew, whole,
// at each addition (26 ms a frame at 5,000 lines). The newline between two blocks is their boundary.

const CHUNK_CHARACTERS = 6000;

export class GrowingText {
  #root;
  #length = 0;
  #last = '';
  /** @type {Text | undefined} */
  #node;

  /** @param {Element} root */
  constructor(root) {
    this.#root = root;
    root.replaceChildren();
  }

  /** @param {string} whole the text so far */
  grow(whole) {
    if (whole.length <= this.#length) return;
    let more = whole.slice(this.#length);
    this.#length = whole.length;
    for (let cut = this.#cut(more); cut >= 0; cut = this.#cut(more)) {
      this.#append(more.slice(0, cut));
      this.#node = undefined;
      more = more.slice(cut + 1);
    }
    this.#append(more);
  }

  /** Where a full block ends; never between two newlines, a blank line would vanish. @param {string} more */
  #cut(more) {
    let cut = more.indexOf('\n', Math.max(0, CHUNK_CHARACTERS - (this.#node?.length ?? 0)));
    while (cut >= 0 && (cut > 0 ? more[cut - 1] : this.#last) === '\n') cut = more.indexOf('\n', cut + 1);
    return cut;
  }

  /** @param {string} text */
  #append(text) {
    if (!this.#node) {
      const block = document.createElement('div');
      this.#node = document.createTextNode('');
      block.append(this.#node);
      this.#root.append(block);
    }
    this.#node.appendData(text);
    this.#last = text.at(-1) ?? this.#last;
  }
}
