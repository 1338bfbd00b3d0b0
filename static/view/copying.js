// Copying: by a button, and what is selected. What takes rich text gets it, everything else gets text.

import { say } from '../system/words.js';
import { copy, write } from './dom.js';

/** @import { MarkdownLibrary } from '../types.js' */

const COPIED_MS = 1500;
/** More is left to the browser. */
const MOST_CHARACTERS = 300_000;

export class Copying {
  #log;
  #textOf;
  /** @type {MarkdownLibrary | undefined} */
  #library;
  /** @type {typeof import('../markdown/copied.js') | undefined} */
  #rich;

  /** @param {HTMLElement} log @param {(id: string) => string | undefined} textOf the Markdown of a message */
  constructor(log, textOf) {
    this.#log = log;
    this.#textOf = textOf;
    document.addEventListener('copy', (event) => this.#selectionCopied(event));
    // An event cannot wait for what it takes; the reader has selected, or pointed at a button, before.
    document.addEventListener('selectionchange', () => getSelection()?.isCollapsed || this.#load());
    for (const name of ['pointerover', 'focusin', 'touchstart'])
      log.addEventListener(name, () => this.#load(), { passive: true });
  }

  /** From now on answers are Markdown. @param {MarkdownLibrary} library */
  format(library) {
    this.#library = library;
  }

  /** Load what makes rich text, once there is an answer. */
  async #load() {
    if (this.#rich || !this.#log.querySelector('.markdown')) return;
    this.#rich = await this.#library?.copying().catch(() => undefined);
  }

  /** Copy a message; resolves to whether that worked. @param {string} id */
  async copyMessage(id) {
    await this.#load();
    const shown = this.#log.querySelector(`article[data-id="${CSS.escape(id)}"] .text.markdown`);
    const text = this.#textOf(id) ?? '';
    const isRich = shown && text.length <= MOST_CHARACTERS;
    return copy(text, isRich ? this.#rich?.copiedOf(shown).html : undefined);
  }

  /** Do what a button of a message, of code or of a table says; returns whether it is one. @param {HTMLElement} button @param {string} id */
  press(button, id) {
    switch (button.dataset.action) {
      case 'copy':
        void this.#report(button, this.copyMessage(id));
        return true;
      case 'copy-code':
        void this.#report(button, copy(this.#library?.sourceOfCode(button) ?? ''));
        return true;
      case 'copy-table': {
        const { text = '', html } = this.#rich?.copiedTable(button) ?? {};
        void this.#report(button, copy(text, html));
        return true;
      }
      default:
        return false;
    }
  }

  /** @param {HTMLElement} button @param {Promise<boolean>} copying */
  async #report(button, copying) {
    const label = button.querySelector('span') ?? button;
    const before = (button.dataset.label ??= label.textContent ?? '');
    write(label, say((await copying) ? 'markdown.copied' : 'markdown.not-copied'));
    setTimeout(() => write(label, before), COPIED_MS);
  }

  /** @param {ClipboardEvent} event */
  #selectionCopied(event) {
    const selection = getSelection();
    const isField = /** @type {Element} */ (event.target).closest?.('textarea, input');
    if (!this.#rich || !selection || selection.isCollapsed || isField) return;
    const range = within(selection.getRangeAt(0), this.#log);
    const answers = [...this.#log.querySelectorAll('.markdown')];
    if (range.collapsed || !answers.some((answer) => range.intersectsNode(answer))) return;
    if (range.toString().length > MOST_CHARACTERS) return;
    const { html, text } = this.#rich.copiedSelection(range);
    event.clipboardData?.setData('text/plain', text);
    event.clipboardData?.setData('text/html', html);
    event.preventDefault();
  }
}

/** What of a selection is in this element. @param {Range} selected @param {Node} element */
function within(selected, element) {
  const [range, all] = [selected.cloneRange(), document.createRange()];
  all.selectNodeContents(element);
  if (range.compareBoundaryPoints(Range.START_TO_START, all) < 0)
    range.setStart(all.startContainer, all.startOffset);
  if (range.compareBoundaryPoints(Range.END_TO_END, all) > 0)
    range.setEnd(all.endContainer, all.endOffset);
  return range;
}
