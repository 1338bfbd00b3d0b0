// The list of conversations: a column on wide screens, a drawer on narrow ones.

import { find, memory, part, say } from './page.js';

/** @import { Meta } from './types.js' */
/** @typedef {{ onRename: (id: string, title: string) => void, onDelete: (id: string) => void, onSearch: (words: string) => Promise<Map<string, string>> }} Options */

const WIDE = matchMedia('(min-width: 56rem)');

export class Sidebar {
  #root = find('#sidebar');
  #list = find('#list');
  #search = find('#search', HTMLInputElement);
  #options;
  /** @type {Meta[]} */
  #metas = [];
  /** @type {Map<string, string> | null} what the search has found */
  #found = null;
  #current = '';
  /** @type {Set<string>} */
  #busy = new Set();

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#search.addEventListener('input', () => this.#look());
    this.#list.addEventListener('click', (event) => this.#clicked(event));
    this.#root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || WIDE.matches) return;
      event.stopPropagation();
      this.toggle(false);
    });
    WIDE.addEventListener('change', () => this.#apply(WIDE.matches && memory.get('sidebar') !== 'closed'));
    this.#apply(WIDE.matches && memory.get('sidebar') !== 'closed');
  }

  /** @param {boolean} [open] */
  toggle(open = !this.open) {
    const held = this.#root.contains(document.activeElement);
    if (WIDE.matches) memory.set('sidebar', open ? '' : 'closed');
    this.#apply(open);
    if (open && !WIDE.matches) find('#new').focus();
    else if (held) find('#menu').focus();
  }

  get open() {
    return !this.#root.inert;
  }

  /** On a narrow screen the list covers what was chosen. */
  chosen() {
    if (!WIDE.matches && this.open) this.toggle(false);
  }

  search() {
    this.toggle(true);
    this.#search.focus();
    this.#search.select();
  }

  /** @param {Meta[]} metas @param {string} current @param {Set<string>} busy */
  show(metas, current, busy) {
    [this.#metas, this.#current, this.#busy] = [metas, current, busy];
    this.#draw();
  }

  /** The id of the one so many places below this one. @param {number} step */
  neighbour(step) {
    const at = this.#metas.findIndex(({ id }) => id === this.#current);
    return this.#metas[at < 0 ? 0 : at + step]?.id;
  }

  /** @param {boolean} open */
  #apply(open) {
    this.#root.inert = !open;
    document.body.toggleAttribute('data-sidebar', open);
    find('#veil').hidden = !open || WIDE.matches;
    find('#page').inert = open && !WIDE.matches;
    find('#menu').ariaExpanded = String(open);
  }

  async #look() {
    const words = this.#search.value.trim();
    const found = words ? await this.#options.onSearch(words) : null;
    if (words !== this.#search.value.trim()) return; // it was typed on
    this.#found = found;
    this.#draw();
  }

  /** Keeps the entries that are there, and with them the focus. */
  #draw() {
    if (this.#list.querySelector('input')) return; // being renamed
    const metas = this.#metas.filter(({ id }) => !this.#found || this.#found.has(id));
    const old = new Map(Array.from(this.#list.children, (entry) => [part(entry).dataset.id, part(entry)]));
    const entries = metas.map((meta) => this.#entry(meta, old.get(meta.id)));
    if (entries.some((entry, i) => entry !== this.#list.children[i]) || entries.length !== old.size) this.#list.replaceChildren(...entries);
    const none = find('#none');
    none.hidden = entries.length > 0;
    say(none, this.#found ? 'Nothing found.' : 'Your conversations will be listed here.');
  }

  /** @param {Meta} meta @param {HTMLElement | undefined} entry */
  #entry({ id, title }, entry) {
    entry ??= part(/** @type {DocumentFragment} */ (find('#entry', HTMLTemplateElement).content.cloneNode(true)), 'li');
    entry.dataset.id = id;
    const link = part(entry, 'a');
    link.setAttribute('href', `#/${id}`);
    if (id === this.#current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    entry.toggleAttribute('data-busy', this.#busy.has(id));
    say(part(entry, '.name'), title);
    say(part(entry, 'small'), this.#busy.has(id) ? 'being answered…' : this.#found?.get(id) ?? '');
    part(entry, '[data-act=rename]').ariaLabel = `Rename ${title}`;
    part(entry, '[data-act=delete]').ariaLabel = `Delete ${title}`;
    return entry;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const entry = target.closest('li');
    const id = entry?.dataset.id;
    if (!entry || !id) return;
    const act = target.closest('button')?.dataset.act;
    if (act === 'delete') this.#options.onDelete(id);
    else if (act === 'rename') this.#rename(entry, id);
    else if (target.closest('a')) this.chosen();
  }

  /** @param {HTMLElement} entry @param {string} id */
  #rename(entry, id) {
    const link = part(entry, 'a');
    const field = document.createElement('input');
    field.ariaLabel = 'Name of the conversation';
    field.dir = 'auto';
    field.value = part(entry, '.name').textContent ?? '';
    link.replaceWith(field);
    field.select();
    let over = false;
    /** @param {boolean} keep @param {boolean} focus */
    const end = (keep, focus) => {
      if (over) return;
      over = true;
      const title = field.value.trim();
      field.replaceWith(link);
      if (keep && title) this.#options.onRename(id, title);
      if (focus) link.focus();
    };
    field.addEventListener('blur', () => end(true, false));
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
      event.stopPropagation();
      end(event.key === 'Enter', true);
    });
  }
}
