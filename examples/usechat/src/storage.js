// What this browser keeps; one that keeps nothing is not a reason to stop.

const FOLLOW_MS = 200;
const NOTHING = { messages: [], answers: [] };

/** Returns the text kept under this name, or null. */
export function read(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text; null removes it. */
export function write(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    // it is full or forbidden: this visit goes on without
  }
}

/** Returns the chat of this id: its messages, and the ids of the answers that it ever had. */
export function load(id) {
  try {
    const kept = JSON.parse(read(id));
    return Array.isArray(kept?.messages) ? kept : NOTHING;
  } catch {
    return NOTHING;
  }
}

export function save(id, kept) {
  write(id, JSON.stringify(kept));
}

/** Calls `follow` soon after another tab has kept more of this chat; returns what ends that. */
export function onOtherTab(id, follow) {
  let timer;
  function onStorage({ key, newValue }) {
    if (key !== id || newValue === null) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      follow();
    }, FOLLOW_MS);
  }

  addEventListener('storage', onStorage);
  return () => {
    removeEventListener('storage', onStorage);
    clearTimeout(timer);
  };
}
