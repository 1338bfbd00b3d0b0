// The browser's database: its tables, and how one that is old, new, damaged or held by another tab is opened.

const NAME = 'claude-sse';
const VERSION = 1;
/** Every table by the records' `id`; an upgrade creates what is missing. @type {Record<string, Record<string, string | string[]>>} */
const INDEXES = {
  conversations: {},
  messages: { place: ['conversation', 'n'], state: 'state' },
};
export const TABLES = Object.keys(INDEXES);

/** Open the database; reject where the browser forbids it. It may never settle: another tab can hold it. @returns {Promise<IDBDatabase>} */
export async function openDatabase() {
  /** @type {IDBDatabase} */
  let db;
  try {
    db = await opened(VERSION);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== 'VersionError') throw error;
    db = await opened(); // a newer page's: what this one needs of it may still be there
  }
  if (isComplete(db)) return db;
  const { version } = db;
  db.close();
  if (version > VERSION) throw new DOMException('a newer page has other tables', 'VersionError');
  return opened(version + 1);
}

/** @param {number} [version] @returns {Promise<IDBDatabase>} */
function opened(version) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, version);
    opening.onupgradeneeded = () => upgrade(opening.result, opening.transaction);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const db = opening.result;
      db.onversionchange = () => db.close(); // a newer page must not wait for this one
      resolve(db);
    };
  });
}

/** @param {IDBDatabase} db @param {IDBTransaction | null} transaction */
function upgrade(db, transaction) {
  for (const table of TABLES) {
    const records = db.objectStoreNames.contains(table)
      ? transaction?.objectStore(table)
      : db.createObjectStore(table, { keyPath: 'id' });
    for (const [index, path] of Object.entries(INDEXES[table])) {
      if (records && !records.indexNames.contains(index)) records.createIndex(index, path);
    }
  }
}

/** @param {IDBDatabase} db */
function isComplete(db) {
  if (!TABLES.every((table) => db.objectStoreNames.contains(table))) return false;
  const transaction = db.transaction(TABLES);
  return TABLES.every((table) => {
    const { indexNames } = transaction.objectStore(table);
    return Object.keys(INDEXES[table]).every((index) => indexNames.contains(index));
  });
}
