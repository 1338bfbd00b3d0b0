// A Worker that reads an export: {file} comes in, then {next} for each further batch; {taken, part} goes out, at the
// end {notes}, or {error} with its code.

import { learn } from '../../system/words.js';
import { Notes } from './notes.js';
import { NotImportable, readExport } from './read-export.js';

/** @import { Taken } from './read-export.js' */

/** A batch that is large enough for one transaction, and small enough for one frame. */
const [MESSAGES, CHARACTERS] = [100, 200_000];

learn({ 'export.untitled': '' }, 'en'); // the page has the words; others go to it by their keys

/** Called when the page wants more. */
let proceed = () => {};
addEventListener('message', ({ data }) => {
  if (data.file) void run(data.file);
  else proceed();
});

/** @param {Blob} file */
async function run(file) {
  const notes = new Notes();
  try {
    let part = 0;
    let batch = new Batch();
    for await (const taken of readExport(file, notes, (read) => (part = read))) {
      for (const slice of slicesOf(taken)) {
        batch.add(slice);
        if (!batch.isFull) continue;
        await sent({ taken: batch.all, part });
        batch = new Batch();
      }
    }
    if (batch.all.length) await sent({ taken: batch.all, part: 1 });
    postMessage({ notes: notes.all });
  } catch (error) {
    const { code, said } = error instanceof NotImportable ? error : { code: 'failed', said: '' };
    postMessage({ error: { code, said }, notes: notes.all });
    if (code === 'failed') throw error; // the console has it
  }
}

/** A long conversation travels in parts. @param {Taken} taken @returns {Taken[]} */
function slicesOf({ meta, all, files }) {
  const slices = [];
  for (let at = 0; at < all.length; at += MESSAGES) {
    const some = all.slice(at, at + MESSAGES);
    const refs = files.length
      ? some.flatMap((one) => (one.role === 'user' && one.files) || [])
      : [];
    const ids = new Set(refs.map(({ id }) => id));
    slices.push({ meta, all: some, files: files.filter(({ ref }) => ids.has(ref.id)) });
  }
  return slices;
}

/** Resolve when the page has stored it: what is read waits for the database, not in memory. @param {unknown} message */
function sent(message) {
  return new Promise((resolve) => {
    proceed = () => resolve(undefined);
    postMessage(message);
  });
}

class Batch {
  /** @type {Taken[]} */
  all = [];
  #messages = 0;
  #characters = 0;

  /** @param {Taken} taken */
  add(taken) {
    this.all.push(taken);
    this.#messages += taken.all.length;
    this.#characters += taken.all.reduce((sum, { text }) => sum + text.length, 0);
  }

  get isFull() {
    return this.#messages >= MESSAGES || this.#characters >= CHARACTERS;
  }
}
