// What was written and not sent, by tab and by place: no tab overwrites what is written in another.
//
// sessionStorage is the tab's own: it outlives a reload and a restored session, and a duplicated tab begins with a
// copy of it. For tabs that were closed there is a second copy in localStorage, with the tab's id in its key: the
// next tab that has nothing written in that place takes it over.

import { fileRefs } from './file-refs.js';

/** @import { Draft, FileRef, StorageLike } from '../types.js' */
/** @import { Tabs } from './tabs.js' */

const OWN = 'claude-sse:draft:';
const COPIES = 'claude-sse:drafts:';
/** Before drafts had tabs: of a new conversation, and with `:` and its id, of any other. */
const OLD = 'claude-sse:draft';
const COPY_EVERY_MS = 500;

export class Drafts {
  /** @type {Map<string, Draft>} */
  #drafts = new Map();
  #own;
  #shared;
  #tabs;
  /** The places whose copies are behind. @type {Set<string>} */
  #uncopied = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {StorageLike} own @param {StorageLike} shared @param {Tabs} tabs */
  constructor(own, shared, tabs) {
    this.#own = own;
    this.#shared = shared;
    this.#tabs = tabs;
    tabs.addEventListener('renamed', () => this.#copyAll());
  }

  /** Return what is written in this place: the id of a conversation, or '' for one yet to come. @param {string} place @returns {Draft} */
  of(place) {
    return this.#drafts.get(place) ?? draftFrom(this.#own.getItem?.(OWN + place));
  }

  /** @param {string} place @param {Draft} draft */
  save(place, draft) {
    this.#drafts.set(place, draft);
    put(this.#own, OWN + place, draft);
    this.#uncopied.add(place);
    this.#timer ??= setTimeout(() => this.flush(), COPY_EVERY_MS);
  }

  /** Copy what has changed; called when the page may be about to go. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const place of this.#uncopied) put(this.#shared, this.#copyKey(place), this.of(place));
    this.#uncopied.clear();
  }

  /** Return the text of this place, or its change of the question with this id, as it is sent; it is not a draft any more. @param {string} place @param {string} id */
  take(place, id) {
    const { text, editing, edits, ...more } = this.of(place);
    const { [id]: change = '', ...others } = edits;
    const left = id ? { text, edits: others } : { text: '', edits };
    const draft = { ...more, ...left, editing: editing === id ? '' : editing };
    this.save(place, withFiles(draft, id, []));
    return { text: id ? change : text, editedId: id, files: filesIn(more, id) };
  }

  /** Put this above what is written in this place; as a change of the question with this id, if there is one. Return what takes it back. @param {string} place @param {string} text @param {string} id @param {FileRef[]} [files] */
  giveBack(place, text, id, files = []) {
    const before = this.of(place);
    this.save(place, withGiven(before, text, id, files));
    return () => this.save(place, before);
  }

  /** Put this file after those of what is written in this place, or of the change with this id, unless that was given up. @param {string} place @param {string} id @param {FileRef} file */
  attach(place, id, file) {
    const draft = this.of(place);
    if (id && draft.edits[id] === undefined) return;
    this.save(place, withFiles(draft, id, [...filesIn(draft, id), file]));
  }

  /** Return the ids of the files of all drafts in this browser, as far as its storage has them. */
  fileIds() {
    const stored = [this.#own, this.#shared].flatMap((storage) =>
      Object.keys(storage)
        .filter((key) => key.startsWith(OWN) || key.startsWith(COPIES))
        .map((key) => draftFrom(storage.getItem?.(key))),
    );
    const all = [...stored, ...this.#drafts.values()];
    return all.flatMap(({ files = {} }) =>
      Object.values(files)
        .flat()
        .map(({ id }) => id),
    );
  }

  /** Take over what was written in this place in a tab that was closed; resolve to it, or to nothing. @param {string} place */
  async recover(place) {
    if (!this.#copiesOf(place).length) return undefined;
    const others = await this.#tabs.others();
    const left = this.#copiesOf(place).filter(({ tab }) => !others.has(tab));
    if (!left.length || !isEmpty(this.of(place))) return undefined;
    this.#shared.removeItem(left[0].key);
    this.save(place, left[0].draft);
    return left[0].draft;
  }

  /** Those of other tabs. @param {string} place */
  #copiesOf(place) {
    return Object.keys(this.#shared).flatMap((key) => {
      const tab = tabOf(key, place);
      const draft = draftFrom(this.#shared.getItem?.(key));
      return tab === undefined || tab === this.#tabs.id || isEmpty(draft)
        ? []
        : [{ key, tab, draft }];
    });
  }

  #copyAll() {
    for (const key of Object.keys(this.#own))
      if (key.startsWith(OWN)) this.#uncopied.add(key.slice(OWN.length));
    this.flush();
  }

  /** @param {string} place */
  #copyKey(place) {
    return `${COPIES}${this.#tabs.id}:${place}`;
  }
}

/** Return the text above what was written since. @param {string} text @param {string} since */
function joined(text, since) {
  const both = since === text ? [text] : [text, since];
  return both.filter((one) => one.trim()).join('\n\n');
}

/** Return the tab whose copy for this place has this key; '' where tabs had no ids yet. @param {string} key @param {string} place */
function tabOf(key, place) {
  if (key === (place ? `${OLD}:${place}` : OLD)) return '';
  const [tab, its] = key.startsWith(COPIES) ? key.slice(COPIES.length).split(':') : [];
  return its === place ? tab : undefined;
}

/** @param {StorageLike} storage @param {string} key @param {Draft} draft */
function put(storage, key, draft) {
  try {
    if (isEmpty(draft)) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(draft));
  } catch {
    // full: it is kept while the page is open
  }
}

/** Return the files of the text of a draft, or of the change with this id. @param {Pick<Draft, 'files'>} draft @param {string} id @returns {FileRef[]} */
export const filesIn = ({ files }, id) => files?.[id] ?? [];

/** Return the draft with these files, each once, for its text, or for the change with this id. @param {Draft} draft @param {string} id @param {FileRef[]} refs @returns {Draft} */
export function withFiles({ files, ...draft }, id, refs) {
  const { [id]: _, ...others } = files ?? {};
  const once = refs.filter((ref, at) => at === refs.findIndex((one) => one.id === ref.id));
  const all = once.length ? { ...others, [id]: once } : others;
  return Object.keys(all).length ? { ...draft, files: all } : draft;
}

/** Return the draft with this above its text, or above the change with this id. @param {Draft} draft @param {string} text @param {string} id @param {FileRef[]} [files] */
export function withGiven(draft, text, id, files = []) {
  const { edits, editing } = draft;
  const changed = {
    edits: { ...edits, [id]: joined(text, edits[id] ?? '') },
    editing: editing || id,
  };
  const given = { ...draft, ...(id ? changed : { text: joined(text, draft.text) }) };
  return withFiles(given, id, [...files, ...filesIn(draft, id)]);
}

/** @param {Draft} draft */
export function isEmpty({ text, editing, edits, files = {} }) {
  return !text && !editing && !Object.keys(edits).length && !Object.keys(files).length;
}

/** Also what was stored as the plain text, or damaged. @param {string | null | undefined} stored @returns {Draft} */
function draftFrom(stored) {
  if (!stored) return { text: '', editing: '', edits: {} };
  try {
    const { text, editing, edits, files, ...more } = JSON.parse(stored);
    if (typeof text === 'string')
      return Object.entries(Object(files)).reduce(
        (draft, [id, refs]) => withFiles(draft, id, fileRefs(refs)),
        /** @type {Draft} */ ({
          ...more,
          text,
          editing: `${editing ?? ''}`,
          edits: textsOf(edits),
        }),
      );
  } catch {
    // a text
  }
  return { text: stored, editing: '', edits: {} };
}

/** @param {unknown} edits @returns {Record<string, string>} */
function textsOf(edits) {
  return Object.fromEntries(Object.entries(Object(edits)).map(([id, text]) => [id, `${text}`]));
}
