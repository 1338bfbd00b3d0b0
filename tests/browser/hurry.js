// What a reader in a hurry does, without a pause: `hurry(steps)` returns the result of each [name, argument].
const find = (selector) => document.querySelector(selector);
const press = (element, key) => element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const place = () => location.hash.slice(2);
const some = (selector, number) => {
  const found = [...document.querySelectorAll(selector)].filter((one) => !one.hidden && !one.disabled);
  return found[number % found.length];
};
const isEditing = () => !find('#cancel').hidden;

const ACTIONS = {
  new: () => find('#new').click(),
  choose: (number) => some('#list a', number)?.click(),
  stop: () => find('#send[data-mode=stop]')?.click(),
  version: (number) => some('article .versions:not([hidden]) button', number)?.click(),
  escape: () => press(find(isEditing() ? '#prompt' : 'body'), 'Escape'),
  again: () => find('article:last-of-type [data-action=again]')?.click(),
  remedy: (number) => some('article:last-of-type .actions button:not([data-action=new], [data-action=edit])', number)?.click(),
  undo() {
    const offered = [...document.querySelectorAll('.toast')].at(-1);
    offered?.querySelector('.act:not([hidden])')?.click();
  },
  delete(number) {
    const button = some('#list li button', number);
    button?.click();
    setTimeout(() => find('#row-menu [data-act=delete]')?.click(), 50); // its menu is loaded first
    return button?.closest('li').dataset.id;
  },
  edit() {
    if (!find('#prompt').value) press(find('#prompt'), 'ArrowUp');
  },
  /** Returns where it was asked. */
  ask(words) {
    const prompt = find('#prompt');
    prompt.value = prompt.value && !isEditing() ? `${prompt.value}\n${words}` : words;
    prompt.dispatchEvent(new InputEvent('input', { bubbles: true }));
    press(prompt, 'Enter');
    return place();
  },
};

window.hurry = (steps) => steps.map(([name, argument]) => ACTIONS[name](argument));

/** What is stored. */
window.stored = async () => {
  const done = (request) => new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const db = await done(indexedDB.open('claude-sse'));
  const from = (table) => db.transaction(table).objectStore(table);
  const all = { messages: await done(from('messages').getAll()), places: await done(from('conversations').getAllKeys()) };
  db.close();
  return all;
};

/** What is still to be sent, and what questions were changed to. */
window.unsent = () => {
  const drafts = Object.keys(sessionStorage)
    .filter((key) => key.startsWith('claude-sse:draft:'))
    .map((key) => JSON.parse(sessionStorage[key]));
  return {
    texts: drafts.map(({ text }) => text).join('\n'),
    edits: drafts.flatMap(({ edits }) => Object.values(edits)).join('\n'),
  };
};

/** What is on the page; how fast it came is not known any more after a reload. */
window.shown = () => ({
  title: find('h1').textContent,
  list: Array.from(document.querySelectorAll('#list li'), (entry) => [entry.dataset.id, entry.querySelector('.name').textContent]),
  articles: Array.from(document.querySelectorAll('article'), (one) => [one.dataset.state, one.querySelector('.text').innerText.trim()]),
  button: find('#send').textContent,
});
