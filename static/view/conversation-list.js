// The list of conversations under its headings; each entry has one button, which opens its menu.

import { sectionsOf, monthIn, untilMidnight } from '../model/list-sections.js';
import { load } from '../system/parts.js';
import { locale, say } from '../system/words.js';
import { copyOf, find, isComposing, make, part, place, write } from './dom.js';

/** @import { Listing, Meta } from '../types.js' */

/** This many entries are drawn at a time, more than fit on a screen; the others follow, as many in each task. */
const SOME = 50;

/**
 * @typedef {{
 *   rename: (id: string, title: string) => void,
 *   act: (act: string, id: string) => unknown,
 *   reveal: (message: string) => void,
 *   step: (step: number) => void,
 *   chosen: () => void,
 * }} Listeners `act` hears what the menu of an entry is for, `reveal` that a message of the current conversation is to
 *   be shown, `step` that the next hit is, `chosen` that a conversation was chosen
 */

export class ConversationList {
  #list = find('#list');
  #none = find('#none');
  #on;
  /** @type {Listing} */
  #listing = { metas: [], current: '', busy: new Set() };
  /** @type {Map<string, HTMLElement>} */
  #sections = new Map();
  /** @type {Map<string, HTMLElement>} */
  #entries = new Map();
  /** What an entry shows, as far as it is drawn. @type {WeakMap<HTMLElement, string>} */
  #drawn = new WeakMap();
  /** How many entries may be drawn by now, and what was looked for then. */
  #most = SOME;
  #words = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #midnight;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #rest;

  /** @param {Listeners} on */
  constructor(on) {
    this.#on = on;
    this.#list.addEventListener('click', (/** @type {MouseEvent} */ event) => this.#clicked(event));
    // A timer does not count the hours of sleep.
    document.addEventListener('visibilitychange', () => document.hidden || this.#redraw());
  }

  /** The ids in the order in which they are listed. */
  get ids() {
    const entries = [...this.#list.querySelectorAll('li')];
    return entries
      .filter((entry) => entry.checkVisibility?.() ?? true)
      .map(({ dataset }) => dataset.id ?? '');
  }

  focusFirst() {
    this.#list.querySelector('a')?.focus();
  }

  /** @param {Listing} listing */
  draw(listing) {
    this.#listing = listing;
    const { words = '' } = listing.found ?? {};
    if (words !== this.#words) this.#most = SOME;
    this.#words = words;
    this.#redraw();
  }

  /** Entries that are there stay, and with them the focus. @param {Set<Element>} [marked] those whose marks are right */
  #redraw(marked = new Set()) {
    if (this.#list.querySelector('li input')) return; // one is being renamed, and then it is redrawn
    const { metas, found } = this.#listing;
    const now = Date.now();
    const listed = found ? metas.filter(({ id }) => found.ids.has(id)) : metas;
    const focused = this.#list.contains(document.activeElement) && document.activeElement;
    this.#forget(new Set(listed.map(({ id }) => id)));
    place(this.#list, this.#sectionsOf(listed, now));
    clearTimeout(this.#rest);
    if (listed.length > this.#most) this.#rest = setTimeout(() => this.#drawMore());
    for (const details of this.#list.querySelectorAll('details')) if (found) details.open = true;
    if (focused && focused !== document.activeElement && focused.isConnected)
      focused.focus({ preventScroll: true });
    this.#none.hidden = listed.length > 0;
    write(
      this.#none,
      say(!found ? 'list.empty' : found.isOver ? 'list.none-found' : 'list.searching'),
    );
    if (found)
      for (const entry of this.#list.querySelectorAll('li'))
        if (!marked.has(entry)) found.mark(entry);
    clearTimeout(this.#midnight);
    this.#midnight = setTimeout(() => this.#redraw(), Math.min(untilMidnight(now), 3_600_000));
  }

  #drawMore() {
    this.#most += SOME;
    this.#redraw(new Set(this.#list.querySelectorAll('li')));
  }

  /** @param {Meta[]} listed @param {number} now */
  #sectionsOf(listed, now) {
    let room = this.#most;
    return sectionsOf(listed, now).flatMap(({ key, metas }) => {
      const some = metas.slice(0, Math.max(0, room));
      room -= metas.length;
      return some.length ? [this.#section(key, some, metas.length)] : [];
    });
  }

  /** @param {Set<string>} ids */
  #forget(ids) {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }

  /** @param {string} key @param {Meta[]} metas @param {number} count how many there are, drawn or not */
  #section(key, metas, count) {
    const section = this.#sections.get(key) ?? sectionNamed(key);
    this.#sections.set(key, section);
    write(part(section, 'h2'), titleOf(key, count));
    const entries = metas.map((meta) => this.#entry(meta));
    place(part(section, 'ul'), entries);
    return section;
  }

  /** @param {Meta} meta */
  #entry({ id, title, pinned }) {
    const entry = this.#entries.get(id) ?? copyOf('#entry');
    this.#entries.set(id, entry);
    const { current, found } = this.#listing;
    const busy = this.#listing.busy.has(id);
    const { message = '', snippet = '' } = found?.ids.get(id) ?? {};
    const isCurrent = id === current;
    const drawn = JSON.stringify([title, !!pinned, isCurrent, busy, message, snippet]);
    if (this.#drawn.get(entry) === drawn) return entry;
    this.#drawn.set(entry, drawn);
    const link = part(entry, 'a');
    entry.dataset.id = id;
    entry.toggleAttribute('data-busy', busy);
    entry.toggleAttribute('data-pinned', Boolean(pinned));
    link.href = `#/${id}${message && `/${message}`}`;
    link.ariaCurrent = isCurrent ? 'page' : null;
    write(part(entry, '.name'), title);
    write(part(entry, 'small'), snippet || (busy ? say('list.busy') : ''));
    part(entry, 'button').ariaLabel = say('list.menu', { title });
    return entry;
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    const entry = /** @type {HTMLElement} */ (target.closest('li'));
    const button = target.closest('button');
    const link = target.closest('a');
    if (button) return void this.#openMenu(entry, button);
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const [, id, message] = link.hash.split('/');
    if (message && id === this.#listing.current) {
      event.preventDefault(); // the address may be this one already
      this.#on.reveal(message);
    }
    this.#on.chosen();
  }

  /** @param {HTMLElement} entry @param {HTMLElement} button */
  async #openMenu(entry, button) {
    const { openMenu } = await load('view/row-menu.js');
    const meta = this.#listing.metas.find(({ id }) => id === entry.dataset.id);
    if (!meta || !button.isConnected) return;
    openMenu(button, itemsFor(meta), (act) => this.#act(act, entry, meta.id));
  }

  /** @param {string} act @param {HTMLElement} entry @param {string} id */
  async #act(act, entry, id) {
    if (act === 'rename') return this.#rename(entry);
    const { ids } = this;
    const next = ids[ids.indexOf(id) + 1] ?? ids.at(-2) ?? '';
    await this.#on.act(act, id); // what goes into the archive takes its button along
    const there = this.#entries.get(id)?.isConnected ? id : next;
    const button = this.#entries.get(there)?.querySelector('button');
    if (button?.checkVisibility?.() ?? button) button?.focus({ preventScroll: true });
    else find('#search').focus();
  }

  /** @param {HTMLElement} entry */
  #rename(entry) {
    const link = part(entry, 'a');
    const value = part(entry, '.name').textContent;
    const field = make('input', { ariaLabel: say('list.name'), dir: 'auto', value });
    link.replaceWith(field);
    field.select();
    const end = (/** @type {boolean} */ keep) => {
      field.onblur = null; // which fires once more when the field goes
      field.replaceWith(link);
      const title = field.value.trim();
      if (keep && title && title !== value) this.#on.rename(entry.dataset.id ?? '', title);
      this.#redraw(); // what was left undrawn meanwhile
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

/** @param {Meta} meta */
function itemsFor({ pinned, archived }) {
  return [
    ['rename', 'edit'],
    [pinned ? 'unpin' : 'pin', 'pin'],
    [archived ? 'unarchive' : 'archive', 'archive'],
    ['export', 'save'],
    ['delete', 'delete'],
  ].map(([act, icon]) => ({ act, icon, text: say(`list.${act}`) }));
}

/** @param {string} key @returns {HTMLElement} */
function sectionNamed(key) {
  const id = `list-${key}`;
  const title = make('h2', { id });
  const list = make('ul');
  list.setAttribute('aria-labelledby', id);
  const section = make(key === 'archived' ? 'details' : 'section', { className: 'group' });
  if (key !== 'archived') section.append(title, list);
  else {
    const summary = make('summary');
    summary.append(title);
    section.append(summary, list);
  }
  section.dataset.key = key;
  return section;
}

/** @param {string} key @param {number} count */
function titleOf(key, count) {
  const month = monthIn(key);
  if (!month) return say(`list.${key}`, { count });
  return new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' }).format(month);
}
