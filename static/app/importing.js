// Conversations enter the page from a file: ours, or an export of claude.ai or ChatGPT. A Worker reads it; here each
// batch is stored before the next is asked for. What is there already stays as it is.

import { files as kept } from '../model/files.js';
import { startWorker } from '../system/workers.js';
import { say, someOf } from '../system/words.js';
import { find, memory } from '../view/dom.js';
import { ImportDialog } from '../view/import-dialog.js';
import { offer } from '../view/toast.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Taken } from '../model/imports/read-export.js' */
/** @import { FileRef, Message } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */
/** @typedef {{ kind: string, count: number, names: string[] }} Note */
/** @typedef {{ taken?: Taken[], part?: number, notes?: Note[], error?: { code: string, said: string } }} Report */

/** This much room is left to what is said later. */
const SPARE_BYTES = 50 << 20;

/** Let the reader choose a file, and import it. @param {ChatController} chat */
export function chooseFile(chat) {
  const field = find('#file');
  field.onchange = () => {
    const [file] = field.files;
    if (file) void importFile(chat, file);
    field.value = '';
  };
  field.click();
}

/** Files that are dropped on the settings are imported, too. @param {ChatController} chat */
export function takeDrops(chat) {
  const settings = find('#settings');
  settings.ondragover = (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation(); // the page itself takes none while a dialog is open
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
  };
  settings.ondrop = (/** @type {DragEvent} */ event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    event.stopPropagation();
    void importFile(chat, file);
  };
}

/** @param {ChatController} chat @param {Blob} file */
export async function importFile(chat, file) {
  find('#settings').close(); // what is said would lie below it
  await new Import(chat).run(file);
}

class Import {
  #chat;
  #dialog;
  #cancelled = false;
  /** @type {Worker | undefined} */
  #worker;
  /** Those that were not here before. @type {Set<string>} */
  #new = new Set();
  #grown = new Set();
  #known = new Set();
  /** Files for which there was no room. @type {string[]} */
  #left = [];

  /** @param {ChatController} chat */
  constructor(chat) {
    this.#chat = chat;
    this.#dialog = new ImportDialog(() => this.#cancel());
  }

  /** @param {Blob} file */
  async run(file) {
    /** @type {Report} */
    let last = {};
    try {
      for await (const report of this.#reports(file)) {
        last = report;
        for (const one of report.taken ?? []) if (!this.#cancelled) await this.#take(one);
        this.#dialog.show(this.#new.size + this.#grown.size + this.#known.size, report.part ?? 1);
      }
    } catch (error) {
      last = { ...last, error: { code: 'failed', said: String(error) } };
    } finally {
      this.#worker?.terminate();
      this.#worker = undefined;
    }
    this.#tell(last);
  }

  #cancel() {
    this.#cancelled = true;
    this.#worker?.dispatchEvent(new MessageEvent('message', { data: { notes: [] } }));
  }

  /** Yield what the Worker reports, until it has read the file or is not wanted any more. @param {Blob} file @returns {AsyncGenerator<Report>} */
  async *#reports(file) {
    const worker = startWorker('model/imports/import-worker.js');
    this.#worker = worker;
    for (let order = /** @type {object} */ ({ file }); ; order = { next: true }) {
      const answer = new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = reject;
      });
      worker.postMessage(order);
      const report = /** @type {Report} */ (await answer);
      yield report;
      if (this.#cancelled || !report.taken) return;
    }
  }

  /** @param {Taken} taken */
  async #take({ meta, all, files }) {
    const { conversations } = this.#chat;
    if (this.#new.has(meta.id) || !conversations.keeps(meta.id)) {
      this.#new.add(meta.id);
      await this.#keepFiles(all, files);
      if (!meta.title) meta.title = say('import.untitled');
      return conversations.add(meta, all);
    }
    const conversation = await conversations.open(meta.id);
    const fresh = all.filter((message) => !conversation.message(message.id));
    await this.#keepFiles(fresh, files);
    if (fresh.length) await this.#grow(conversation, fresh);
    const isBack = conversation.meta.deleted !== undefined;
    if (isBack) conversations.restore([meta.id]);
    (fresh.length || isBack ? this.#grown : this.#known).add(meta.id);
  }

  /** @param {Conversation} conversation @param {Message[]} messages */
  async #grow(conversation, messages) {
    for (const message of messages) conversation.adopt(message);
    await this.#chat.conversations.add(conversation.meta, messages);
  }

  /** @param {Message[]} messages @param {Taken['files']} files */
  async #keepFiles(messages, files) {
    if (!files.length) return;
    const blobs = new Map(files.map(({ ref, blob }) => [ref.id, blob]));
    memory.set('files', 'yes'); // there is something to clear away
    for (const message of messages) {
      if (message.role !== 'user' || !message.files) continue;
      const refs = [];
      for (const ref of message.files) refs.push(...(await this.#keep(ref, blobs.get(ref.id))));
      message.files = refs;
    }
  }

  /** Return the reference under which the file is kept; none where there is no room. @param {FileRef} ref @param {Blob} [blob] @returns {Promise<FileRef[]>} */
  async #keep(ref, blob) {
    if (!blob) return [ref];
    const file = (await hasRoom(blob.size)) && (await kept.keep(blob));
    if (!file || !file.isStored) this.#left.push(ref.name);
    return file ? [{ ...ref, id: file.id }] : []; // what is not stored is there until the next reload
  }

  /** @param {Report} last */
  #tell({ notes = [], error }) {
    const { current } = this.#chat;
    const [first] = [...this.#new, ...this.#grown, ...this.#known];
    if (this.#new.size + this.#grown.size === 1 || (this.#known.size === 1 && !this.#new.size))
      this.#chat.go(first);
    if (this.#grown.has(current.meta.id)) this.#chat.arrange();
    this.#chat.refresh();
    if (this.#left.length)
      notes = [...notes, { kind: 'room', count: this.#left.length, names: this.#left }];
    const sentences = [...this.#done(error), ...notes.map(sentenceFor)];
    const undo = this.#new.size ? () => this.#chat.deletions.delete([...this.#new]) : undefined;
    const isShort = sentences.length === 1 && !this.#cancelled;
    if (!isShort) return this.#dialog.tell(sentences, undo);
    this.#dialog.close();
    offer(sentences[0], undo ? say('import.undo') : '', undo);
  }

  /** @param {Report['error']} error */
  #done(error) {
    const counts = { new: this.#new.size, more: this.#grown.size, known: this.#known.size };
    const done = Object.entries(counts).flatMap(([kind, count]) =>
      count ? [say(`import.${kind}`, { count })] : [],
    );
    if (this.#cancelled) done.unshift(say('import.cancelled'));
    if (error) done.unshift(error.code === 'ours' ? say(error.said) : say(`import.${error.code}`));
    return done;
  }
}

/** @param {Note} note */
function sentenceFor({ kind, count, names }) {
  const sentence = say(`import.${kind}`, { count });
  return names.length ? `${sentence} (${someOf(names, count)})` : sentence;
}

/** @param {number} bytes */
async function hasRoom(bytes) {
  try {
    const { quota = Infinity, usage = 0 } = (await navigator.storage?.estimate?.()) ?? {};
    return bytes < quota - usage - SPARE_BYTES;
  } catch {
    return true; // the database itself will say
  }
}
