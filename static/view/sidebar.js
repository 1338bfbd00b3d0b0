// The list of conversations: a column on wide screens, a drawer on narrow ones.

import { copyOf, find, isComposing, make, memory, part, write } from './dom.js';

/** @import { Meta } from '../types.js' */
/**
 * @typedef {{
 *   rename: (id: string, title: string) => void,
 *   delete: (id: string) => void,
 *   search: (words: string) => Promise<Map<string, string>>,
 * }} Listeners `search` resolves to the ids of the conversations found, each with an excerpt.
 */

const WIDE = matchMedia('(min-width: 56rem)');

export class Sidebar {
  #root = find('#sidebar');
  #list = find('#list');
  #search = find('#search');
  #on;
  /** @type {Meta[]} */
  #metas = [];
  /** Excerpts by the ids of the conversations found. @type {Map<string, string> | undefined} */
  #found;
  #current = '';
  /** @type {Set<string>} */
  #busy = new Set();

  /** @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    this.#search.addEventListener('input', () => this.#searched());
    this.#list.addEventListener('click', (/** @type {any} */ { target }) => this.#clicked(target));
    this.#root.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape' || WIDE.matches || this.#search.value) return;
      event.stopPropagation();
      this.toggle(false);
    });
    const fit = () => this.#apply(WIDE.matches && memory.get('sidebar') !== 'closed');
    WIDE.addEventListener('change', fit);
    fit();
  }

  toggle(open = this.#root.inert) {
    const held = this.#root.contains(document.activeElement);
    if (WIDE.matches) memory.set('sidebar', open ? '' : 'closed');
    this.#apply(open);
    if (open && !WIDE.matches) find('#new').focus();
    else if (held) find('#menu').focus();
  }

  /** A conversation was chosen: on a narrow screen the list covers it. */
  chosen() {
    if (!WIDE.matches && !this.#root.inert) this.toggle(false);
  }

  search() {
    this.toggle(true);
    this.#search.select();
  }

  /** @param {Meta[]} metas @param {string} current @param {Set<string>} busy */
  show(metas, current, busy) {
    [this.#metas, this.#current, this.#busy] = [metas, current, busy];
    this.#draw();
  }

  /** @param {boolean} open */
  #apply(open) {
    this.#root.inert = !open;
    document.body.toggleAttribute('data-sidebar', open);
    find('#veil').hidden = !open || WIDE.matches;
    find('#page').inert = open && !WIDE.matches;
    find('#menu').ariaExpanded = String(open);
  }

  async #searched() {
    const words = this.#search.value.trim();
    const found = words ? await this.#on.search(words) : undefined;
    if (words !== this.#search.value.trim()) return; // typing went on
    this.#found = found;
    this.#draw();
  }

  /** Entries that are there stay, and with them the focus. */
  #draw() {
    if (this.#list.querySelector('input')) return; // being renamed
    /** @type {HTMLElement[]} */
    const children = [...this.#list.children];
    const old = new Map(children.map((entry) => [entry.dataset.id, entry]));
    const metas = this.#metas.filter(({ id }) => !this.#found || this.#found.has(id));
    const entries = metas.map((meta) => this.#entry(meta, old.get(meta.id) ?? copyOf('#entry')));
    if (entries.length !== old.size || entries.some((entry, i) => entry !== children[i]))
      this.#list.replaceChildren(...entries);
    find('#none').hidden = entries.length > 0;
    write(
      find('#none'),
      this.#found ? 'Nothing found.' : 'Your conversations will be listed here.',
    );
  }

  /** @param {Meta} meta @param {HTMLElement} entry */
  #entry({ id, title }, entry) {
    const busy = this.#busy.has(id);
    const link = part(entry, 'a');
    entry.dataset.id = id;
    entry.toggleAttribute('data-busy', busy);
    link.href = `#/${id}`;
    link.ariaCurrent = id === this.#current ? 'page' : null;
    write(part(entry, '.name'), title);
    write(part(entry, 'small'), busy ? 'being answered…' : (this.#found?.get(id) ?? ''));
    part(entry, '[data-act=rename]').ariaLabel = `Rename ${title}`;
    part(entry, '[data-act=delete]').ariaLabel = `Delete ${title}`;
    return entry;
  }

  /** @param {Element} target */
  #clicked(target) {
    const entry = /** @type {HTMLElement} */ (target.closest('li'));
    const act = target.closest('button')?.dataset.act;
    if (act === 'delete') this.#on.delete(entry.dataset.id ?? '');
    else if (act === 'rename') this.#rename(entry);
    else if (target.closest('a')) this.chosen();
  }

  /** @param {HTMLElement} entry */
  #rename(entry) {
    const link = part(entry, 'a');
    const value = part(entry, '.name').textContent;
    const field = make('input', { ariaLabel: 'Name of the conversation', dir: 'auto', value });
    link.replaceWith(field);
    field.select();
    const end = (/** @type {boolean} */ keep) => {
      field.onblur = null; // which fires once more when the field goes
      field.replaceWith(link);
      if (keep && field.value.trim()) this.#on.rename(entry.dataset.id ?? '', field.value.trim());
      this.#draw(); // what was left undrawn meanwhile
    };
    field.onblur = () => end(true);
    field.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
      if (isComposing(event) || !['Enter', 'Escape'].includes(event.key)) return;
      event.stopPropagation();
      end(event.key === 'Enter');
      link.focus();
    });
  }
}
