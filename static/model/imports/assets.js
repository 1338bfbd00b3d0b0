// The files that an archive holds beside its conversations, found by the ids or names that messages give them, and
// taken only where they are what Claude reads.

import { Unreadable, kindOf } from '../file-kinds.js';
import { IMAGE_BYTES, SIDE_PIXELS, longerSide } from '../file-limits.js';
import { bytesOf } from './zip.js';

/** @import { FileRef } from '../../types.js' */
/** @import { WantedFile } from './draft.js' */
/** @import { Notes } from './notes.js' */
/** @import { Entry } from './zip.js' */
/** @typedef {{ ref: FileRef, blob: Blob }} FoundFile */

/** A larger file is not held in memory. */
const MOST_BYTES = 64 << 20;

class TooLarge extends Error {}

export class Assets {
  #archive;
  /** @type {Map<string, Entry>} */
  #byKey = new Map();
  #taken = 0;

  /** @param {Blob} archive @param {Entry[]} entries */
  constructor(archive, entries) {
    this.#archive = archive;
    for (const entry of entries) {
      const name = entry.name.slice(entry.name.lastIndexOf('/') + 1);
      const [id] = /^(?:file[-_][A-Za-z0-9]+|[0-9a-f-]{36})/.exec(name) ?? [];
      for (const key of [name, id]) if (key && !this.#byKey.has(key)) this.#byKey.set(key, entry);
    }
  }

  /** Return a file that a message wants; undefined, with a note, where it cannot be had. @param {WantedFile} wanted @param {Notes} notes @returns {Promise<FoundFile | undefined>} */
  async take(wanted, notes) {
    try {
      const bytes = await this.#bytes(wanted);
      if (!bytes) return void notes.add(wanted.isImage ? 'images' : 'missing', wanted);
      const { kind, type, width, height } = kindOf(bytes);
      if (
        kind === 'image' &&
        (bytes.length > IMAGE_BYTES || longerSide({ width, height }) > SIDE_PIXELS)
      )
        throw new TooLarge();
      const id = `import:${(this.#taken += 1)}`; // until it is kept
      const size = { size: bytes.length, ...(kind === 'image' && { width, height }) };
      return {
        ref: { id, name: wanted.name, kind, type, ...size },
        blob: new Blob([bytes], { type }),
      };
    } catch (error) {
      if (error instanceof TooLarge) notes.add('large', wanted);
      else if (!(error instanceof Unreadable)) notes.add('damaged', wanted);
      else if (!wanted.text) notes.add('foreign', wanted); // a text stays in the message
      return undefined;
    }
  }

  /** @param {WantedFile} wanted */
  async #bytes({ text, data, asset = '', name }) {
    if (text !== undefined) return new TextEncoder().encode(text);
    if (data !== undefined) return Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    const entry = this.#byKey.get(asset) ?? this.#byKey.get(name);
    if (!entry) return undefined;
    if (entry.size > MOST_BYTES) throw new TooLarge();
    const bytes = new Uint8Array(entry.size);
    let at = 0;
    for await (const chunk of bytesOf(this.#archive, entry)) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
