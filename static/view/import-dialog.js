// How far an import has come, with a way to end it; and afterwards its result, in sentences.

import { say } from '../system/words.js';
import { make, write } from './dom.js';

/** What is done sooner needs no dialog. */
const SHOWN_AFTER_MS = 300;

export class ImportDialog {
  #root = make('dialog', { ariaLabel: say('import.title') });
  #status = make('p', { role: 'status' });
  #bar = make('progress', { max: 1, value: 0, ariaLabel: say('import.title') });
  #list = make('ul', { className: 'hint' });
  #buttons = make('div', { className: 'actions' });
  #timer;
  #isOver = false;

  /** @param {() => void} onCancel */
  constructor(onCancel) {
    const cancel = () => (this.#isOver ? this.close() : onCancel());
    const top = make('div', { className: 'top' });
    top.append(make('h2', { textContent: say('import.title') }));
    this.#bar.style.inlineSize = '100%';
    this.#buttons.append(button('import.cancel', cancel));
    this.#root.append(top, this.#status, this.#bar, this.#list, this.#buttons);
    this.#root.id = 'importing';
    this.#root.addEventListener('cancel', (/** @type {Event} */ event) => {
      event.preventDefault();
      cancel();
    });
    this.#root.addEventListener('close', () => this.#root.remove());
    document.body.append(this.#root);
    this.show(0, 0);
    this.#timer = setTimeout(() => this.#open(), SHOWN_AFTER_MS);
  }

  /** @param {number} count conversations so far @param {number} part of the file that is read, up to 1 */
  show(count, part) {
    this.#bar.value = part;
    const percent = Math.min(100, Math.round(part * 100));
    write(this.#status, say('import.busy', { count, percent }));
  }

  /** It is over: show the result, and offer to undo it. @param {string[]} sentences @param {() => void} [undo] */
  tell([first, ...others], undo) {
    this.#isOver = true;
    this.#bar.hidden = true;
    write(this.#status, first);
    this.#list.replaceChildren(
      ...others.map((textContent) => make('li', { textContent, dir: 'auto' })),
    );
    const close = button('import.close', () => this.close());
    const back = button('import.undo', () => {
      this.close();
      undo?.();
    });
    this.#buttons.replaceChildren(close, ...(undo ? [back] : []));
    this.#open();
    close.focus();
  }

  close() {
    clearTimeout(this.#timer);
    if (this.#root.open) this.#root.close();
    else this.#root.remove();
  }

  #open() {
    clearTimeout(this.#timer);
    if (!this.#root.open && this.#root.isConnected) this.#root.showModal();
  }
}

/** @param {string} key @param {() => void} onPress */
function button(key, onPress) {
  const made = make('button', { type: 'button', textContent: say(key) });
  made.addEventListener('click', onPress);
  return made;
}
