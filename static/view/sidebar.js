// The column of conversations, a drawer on narrow screens: what is found by the field above the list, and the list,
// which is loaded when there is something to list.

import { find, memory, write } from './dom.js';
import { load } from '../system/parts.js';
import { say } from '../system/words.js';

/** @import { Listing, Meta } from '../types.js' */
/** @import { ConversationList, Listeners } from './conversation-list.js' */

const WIDE = matchMedia('(min-width: 56rem)');

export class Sidebar {
  #root = find('#sidebar');
  #search = find('#search');
  #on;
  /** @type {Listing} */
  #listing = { metas: [], current: '', busy: new Set() };
  /** @type {ConversationList | undefined} */
  #list;
  /** @type {Promise<void> | undefined} */
  #loading;

  /** @param {Listeners & { search: (words: string) => void, prepare: () => void }} on `search` answers with
   *   `found`, and takes less time after `prepare` */
  constructor(on) {
    this.#on = on;
    this.#search.addEventListener('input', () => on.search(this.#search.value));
    this.#search.addEventListener('focus', () => on.prepare(), { once: true });
    this.#search.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) =>
      this.#pressed(event),
    );
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
    this.#listing = { ...this.#listing, metas, current, busy };
    this.#draw();
  }

  /** List what was found, or all. @param {Listing['found']} found */
  set found(found) {
    this.#listing.found = found;
    this.#draw();
  }

  endSearch() {
    this.#search.value = '';
    this.#on.search('');
  }

  /** @param {boolean} open */
  #apply(open) {
    this.#root.inert = !open;
    document.body.toggleAttribute('data-sidebar', open);
    find('#veil').hidden = !open || WIDE.matches;
    find('#page').inert = open && !WIDE.matches;
    find('#menu').ariaExpanded = String(open);
  }

  /** Esc brings the list back; Enter goes from hit to hit, the arrow into the list. @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, shiftKey, isComposing } = event;
    if (isComposing || !this.#search.value) return;
    if (key === 'Escape') this.endSearch();
    else if (key === 'Enter') this.#on.step(shiftKey ? -1 : 1);
    else if (key === 'ArrowDown') this.#list?.focusFirst();
    else return;
    event.stopPropagation();
    event.preventDefault();
  }

  #draw() {
    const { metas, found } = this.#listing;
    if (this.#list) return this.#list.draw(this.#listing);
    if (metas.length) this.#loading ??= this.#load();
    else write(find('#none'), say(found ? 'list.none-found' : 'list.empty'));
    find('#none').hidden = metas.length > 0;
  }

  async #load() {
    try {
      const { ConversationList } = await load('view/conversation-list.js');
      this.#list = new ConversationList(this.#on);
      this.#draw();
    } catch {
      this.#loading = undefined; // the next time
    }
  }
}
