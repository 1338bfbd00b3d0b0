// The list of conversations: a column on wide screens, a drawer on narrow ones.

import { copyOf, find, make, memory, part, say } from './dom.js';

/** @import { Meta } from '../types.js' */

const WIDE = matchMedia('(min-width: 56rem)');

export class Sidebar {
  #root = find('#sidebar');
  #list = find('#list');
  #search = find('#search');
  #on;
  /** @type {Meta[]} */
  #metas = [];
  #found; // what was said where, by the search
  #current = '';
  #busy = new Set();

  /** @param {{ rename: (id: string, title: string) => void, delete: (id: string) => void, search: (words: string) => Promise<Map<string, string>> }} on */
  constructor(on) {
    this.#on = on;
    this.#search.addEventListener('input', () => this.#look());
    this.#list.addEventListener('click', ({ target }) => this.#clicked(target));
    this.#root.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || WIDE.matches) return;
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

  /** On a narrow screen the list covers what was chosen. */
  chosen() {
    if (!WIDE.matches && !this.#root.inert) this.toggle(false);
  }

  search() {
    this.toggle(true);
    this.#search.select();
  }

  /** @param {Meta[]} metas @param {Set<string>} busy */
  show(metas, current, busy) {
    [this.#metas, this.#current, this.#busy] = [metas, current, busy];
    this.#draw();
  }

  /** The id of the one so many places below this one. */
  neighbour(step) {
    const at = this.#metas.findIndex(({ id }) => id === this.#current);
    return this.#metas[at < 0 ? 0 : at + step]?.id;
  }

  #apply(open) {
    this.#root.inert = !open;
    document.body.toggleAttribute('data-sidebar', open);
    find('#veil').hidden = !open || WIDE.matches;
    find('#page').inert = open && !WIDE.matches;
    find('#menu').ariaExpanded = String(open);
  }

  async #look() {
    const words = this.#search.value.trim();
    const found = words ? await this.#on.search(words) : undefined;
    if (words !== this.#search.value.trim()) return; // it was typed on
    this.#found = found;
    this.#draw();
  }

  /** Keeps the entries that are there, and with them the focus. */
  #draw() {
    if (this.#list.querySelector('input')) return; // being renamed
    const old = new Map(Array.from(this.#list.children, (entry) => [entry.dataset.id, entry]));
    const metas = this.#metas.filter(({ id }) => !this.#found || this.#found.has(id));
    const entries = metas.map((meta) => this.#entry(meta, old.get(meta.id) ?? copyOf('#entry')));
    if (entries.length !== old.size || entries.some((entry, i) => entry !== this.#list.children[i]))
      this.#list.replaceChildren(...entries);
    find('#none').hidden = entries.length > 0;
    say(find('#none'), this.#found ? 'Nothing found.' : 'Your conversations will be listed here.');
  }

  #entry({ id, title }, entry) {
    const busy = this.#busy.has(id);
    const link = part(entry, 'a');
    entry.dataset.id = id;
    entry.toggleAttribute('data-busy', busy);
    link.href = `#/${id}`;
    link.ariaCurrent = id === this.#current ? 'page' : null;
    say(part(entry, '.name'), title);
    say(part(entry, 'small'), busy ? 'being answered…' : (this.#found?.get(id) ?? ''));
    part(entry, '[data-act=rename]').ariaLabel = `Rename ${title}`;
    part(entry, '[data-act=delete]').ariaLabel = `Delete ${title}`;
    return entry;
  }

  #clicked(target) {
    const entry = target.closest('li');
    const act = target.closest('button')?.dataset.act;
    if (act === 'delete') this.#on.delete(entry.dataset.id);
    else if (act === 'rename') this.#rename(entry);
    else if (target.closest('a')) this.chosen();
  }

  #rename(entry) {
    const link = part(entry, 'a');
    const value = part(entry, '.name').textContent;
    const field = make('input', { ariaLabel: 'Name of the conversation', dir: 'auto', value });
    link.replaceWith(field);
    field.select();
    const end = (keep) => {
      field.onblur = null; // which comes once more when it goes
      field.replaceWith(link);
      if (keep && field.value.trim()) this.#on.rename(entry.dataset.id, field.value.trim());
      this.#draw(); // what was not, meanwhile
    };
    field.onblur = () => end(true);
    field.addEventListener('keydown', (event) => {
      if (event.isComposing || !['Enter', 'Escape'].includes(event.key)) return;
      event.stopPropagation();
      end(event.key === 'Enter');
      link.focus();
    });
  }
}
