// Colours code in a Worker, one text after another. No highlighter is linear, so each text has a deadline: a Worker
// that misses it is terminated, and its text stays plain in this tab, also after a reload.

/** Code of 200,000 characters takes a tenth of it. */
const DEADLINE_MS = 3000;
/** For its files; a browser that cannot fetch them has no colours. */
const LOADING_MS = 20_000;
/** How many texts that missed the deadline are remembered. */
const REMEMBERED = 200;
const PLACE = 'claude-sse:plain';
const NONE = new Int32Array();

/**
 * Returns what resolves to the coloured parts of a text, or to none. `start` makes a Worker.
 * @param {{ start: () => Worker, memory?: Pick<Storage, 'getItem' | 'setItem'>, deadline?: number }} options
 */
export function colouring({ start, memory, deadline = DEADLINE_MS }) {
  const plain = new Set(remembered(memory));
  /** @type {Worker | undefined} */
  let worker;
  /** @type {Promise<Int32Array>} */
  let turn = Promise.resolve(NONE);

  /**
   * @param {string} language @param {string} text
   * @param {() => boolean} isWanted called again when the turn has come
   * @returns {Promise<Int32Array>}
   */
  return function parts(language, text, isWanted = () => true) {
    turn = turn.then(() => (isWanted() ? ask(language, text) : NONE));
    return turn;
  };

  /** @param {string} language @param {string} text @returns {Promise<Int32Array>} */
  async function ask(language, text) {
    const key = `${language} ${digest(text)}`;
    if (plain.has(key)) return NONE;
    try {
      worker ??= start();
    } catch {
      return NONE; // no Workers here
    }
    const found = await answerOf(worker, { language, text }, deadline);
    if (found) return found;
    worker.terminate();
    worker = undefined;
    remember(key);
    return NONE;
  }

  /** @param {string} key */
  function remember(key) {
    plain.add(key);
    try {
      memory?.setItem(PLACE, JSON.stringify([...plain].slice(-REMEMBERED)));
    } catch {
      // full or forbidden: until the next reload, then
    }
  }
}

/**
 * What the Worker finds, or undefined when it fails or misses the deadline.
 * @param {Worker} worker @param {{ language: string, text: string }} job @param {number} deadline
 * @returns {Promise<Int32Array | undefined>}
 */
function answerOf(worker, job, deadline) {
  return new Promise((resolve) => {
    let timer = setTimeout(() => resolve(undefined), LOADING_MS);
    worker.onerror = () => resolve(undefined);
    worker.onmessage = ({ data }) => {
      clearTimeout(timer);
      if (data === 'loaded') timer = setTimeout(() => resolve(undefined), deadline);
      else resolve(data.parts);
    };
    worker.postMessage(job);
  });
}

/** @param {Pick<Storage, 'getItem'> | undefined} memory @returns {string[]} */
function remembered(memory) {
  try {
    const keys = JSON.parse(memory?.getItem(PLACE) ?? '[]');
    return Array.isArray(keys) ? keys : [];
  } catch {
    return [];
  }
}

/** A digest of 64 bits and the length: texts that share it are taken for the same. @param {string} text */
function digest(text) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  return `${text.length} ${(a >>> 0).toString(36)} ${(b >>> 0).toString(36)}`;
}
