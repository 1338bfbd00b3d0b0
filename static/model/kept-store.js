// The store that the page uses: it never keeps anybody waiting for long, and forgets nothing that it was given.
//
// What the database does not take (it does not answer, is forbidden, full, newer, or was closed by the browser) waits
// in the journal, and is stored when the database works again. Until then the page works with what it has.

import { Late, atMost } from '../system/time.js';
import { isOutdated } from './records.js';

/** @import { Change, Disk, Message, StoreState, StoredRecord, Table } from '../types.js' */
/** @import { Journal } from './journal.js' */
/**
 * @typedef {{
 *   open: () => Promise<Disk>,
 *   journal: Journal,
 *   onState: (state: StoreState, error?: unknown) => void,
 *   onStored?: () => void,
 * }} Options `onState` hears of each change: `open` works, `down` does not, `full` takes only a part.
 *   `onStored` is called when there is something to keep.
 */

const RETRY_MS = 5_000;
/** @type {{ records: any[], last?: string }} */
const NOTHING = { records: [] };
/** Errors that are about the room or the record, not about the database. */
const REFUSALS = ['QuotaExceededError', 'DataCloneError', 'DataError'];

export class KeptStore {
  #options;
  #journal;
  /** Undefined while it does not work. @type {Disk | undefined} */
  #disk;
  /** The one attempt to open it. @type {Promise<Disk> | undefined} */
  #opening;
  /** @type {StoreState | 'opening'} */
  #state = 'opening';
  /** Why it is down. @type {unknown} */
  #error;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#journal = options.journal;
    this.#ready().catch(() => undefined); // onState has heard of it
  }

  /** Whether the database does not work: what is stored is not known. */
  get isDown() {
    return this.#state === 'down';
  }

  /** Return what is stored, and what waits; only that while the database does not work. @param {Table} table @returns {Promise<any[]>} */
  async all(table) {
    const stored = await this.#use((disk) => disk.all(table)).catch(() => []);
    return this.#applied(table, stored);
  }

  /** Yield what is stored, and what waits, some at a time. @param {Table} table @returns {AsyncGenerator<any[]>} */
  async *some(table) {
    for (let after = /** @type {string | undefined} */ (''); after !== undefined;) {
      const from = after;
      const { records, last } = await this.#use((disk) => disk.some(table, from)).catch(
        () => NOTHING,
      );
      if (records.length) yield records;
      after = last;
    }
    const waiting = this.#applied(table, []);
    if (waiting.length) yield waiting;
  }

  /** Reject while the database does not work, if nothing of this conversation waits. @param {string} id @returns {Promise<any[]>} */
  async messages(id) {
    const reading = this.#use((disk) => disk.messages(id));
    const stored = await reading.catch(() => []);
    const all = this.#applied('messages', stored).filter(({ conversation }) => conversation === id);
    if (!all.length) await reading;
    return all.sort((a, b) => a.n - b.n);
  }

  /** Return the answers that have not ended. @returns {Promise<any[]>} */
  async open() {
    const stored = await this.#use((disk) => disk.open()).catch(() => []);
    return this.#applied('messages', stored).filter(({ state }) => state === 'streaming');
  }

  /** Make all of these changes; resolve once they are stored, or wait for the database. @param {Change[]} changes */
  async write(changes) {
    this.#journal.add(changes);
    if (this.#state !== 'open') this.#journal.copy();
    const all = this.#state === 'open' ? changes : this.#journal.changes;
    try {
      await this.#use((disk) => this.#store(disk, all));
    } catch {
      this.#journal.copy(); // and onState has heard of it
    }
  }

  /** The page goes: return what waits for the database. */
  leave() {
    return this.#state === 'open' ? [] : this.#journal.leave();
  }

  /** Store what pages that are gone have left: these changes, and those in localStorage; resolve to whether there are any. @param {Change[]} [left] */
  async takeOver(left = []) {
    const isSome = this.#journal.takeOver(left);
    if (this.#state === 'down') await this.retry();
    else if (isSome) await this.write(this.#journal.changes);
    return isSome;
  }

  /** Try again now. */
  async retry() {
    clearTimeout(this.#timer);
    if (this.#state === 'down') await this.#connect().catch((error) => this.#fail(error));
  }

  /** @param {Table} table @param {any[]} stored */
  #applied(table, stored) {
    return this.#state === 'open' ? stored : this.#journal.applied(table, stored);
  }

  /** Use the database; opened again once if it was closed. @template T @param {(disk: Disk) => Promise<T>} work @returns {Promise<T>} */
  async #use(work) {
    const disk = this.#disk ?? (await this.#ready()); // no turn lost where it works: a page that goes has no later one
    try {
      return await work(disk);
    } catch (error) {
      if (error instanceof Late) throw this.#fail(error);
    }
    if (this.#disk === disk) this.#disk = undefined;
    const again = this.#disk ?? (await this.#ready());
    return work(again).catch((error) => {
      throw this.#fail(error);
    });
  }

  /** @returns {Promise<Disk>} */
  async #ready() {
    if (this.#state === 'down') throw this.#error;
    return atMost(this.#connect()).catch((error) => {
      throw this.#fail(error);
    });
  }

  #connect() {
    this.#opening ??= this.#openAndStore().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  /** Open it, and store what waits. @returns {Promise<Disk>} */
  async #openAndStore() {
    const { open } = this.#options;
    const disk = patient(await open().catch(open));
    await disk.open(); // it answers, too
    let before = Infinity;
    for (let { changes } = this.#journal; changes.length && changes.length < before;) {
      before = changes.length;
      await this.#store(disk, changes);
      ({ changes } = this.#journal);
    }
    this.#disk = disk;
    this.#tell(this.#journal.changes.length ? 'full' : 'open');
    return disk;
  }

  /** Store these; of what is too much, as much as there is room for. @param {Disk} disk @param {Change[]} changes */
  async #store(disk, changes) {
    const earlier = this.#journal.earlier(changes);
    if (earlier.length) {
      await this.#dropOutdated(disk, earlier);
      changes = this.#journal.waiting(changes);
    }
    if (!changes.length) return;
    try {
      await disk.write(changes);
      this.#journal.settle(changes);
      if (changes.some(({ record }) => record)) this.#options.onStored?.();
      if (this.#state === 'full' && !this.#journal.changes.length) this.#tell('open');
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#storeSingly(disk, changes, error);
    }
  }

  /** A page has left these; of some another tab has stored more since, or what is newer. @param {Disk} disk @param {Change[]} changes */
  async #dropOutdated(disk, changes) {
    /** By the id of their conversation messages, conversations by ''. @type {Map<string, StoredRecord[]>} */
    const all = new Map();
    for (const change of changes.filter(({ record }) => record)) {
      const { conversation = '', id } = /** @type {Partial<Message>} */ (change.record);
      const stored =
        all.get(conversation) ??
        (await (conversation ? disk.messages(conversation) : disk.all('conversations')));
      all.set(conversation, stored);
      const known = stored.find((record) => record.id === id);
      if (isOutdated(change.record, known)) this.#journal.settle([change]);
    }
  }

  /** @param {Disk} disk @param {Change[]} changes @param {unknown} error */
  async #storeSingly(disk, changes, error) {
    const removals = changes.filter(({ record }) => !record); // first: they make room
    for (const change of new Set([...removals, ...changes])) {
      try {
        await disk.write([change]);
        this.#journal.settle([change]);
      } catch (refusal) {
        if (!isRefusal(refusal)) throw refusal;
      }
    }
    this.#journal.copy();
    this.#tell(this.#journal.changes.length ? 'full' : 'open', error);
  }

  /** @template T @param {T} error @returns {T} */
  #fail(error) {
    this.#disk = undefined;
    this.#error = error;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.retry(), RETRY_MS);
    this.#tell('down', error);
    return error;
  }

  /** @param {StoreState} state @param {unknown} [error] */
  #tell(state, error) {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.onState(state, error);
  }
}

/** @param {unknown} error */
const isRefusal = (error) => error instanceof Error && REFUSALS.includes(error.name);

/** Return the same, which answers in time or fails; a search through everything may take longer. @param {Disk} disk @returns {Disk} */
function patient(disk) {
  return {
    all: async (table) => (table === 'messages' ? disk.all(table) : atMost(disk.all(table))),
    some: async (table, after) => atMost(disk.some(table, after)),
    messages: async (id) => atMost(disk.messages(id)),
    open: async () => atMost(disk.open()),
    write: async (changes) => atMost(disk.write(changes)),
  };
}
