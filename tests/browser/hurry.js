// What a reader in a hurry does, without a pause: `hurry(steps)` returns the result of each [name, argument].
const find = (selector) => document.querySelector(selector);
const press = (element, key) => element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const place = () => location.hash.slice(2);
const some = (selector, number) => {
  const found = [...document.querySelectorAll(selector)].filter((one) => !one.hidden && !one.disabled);
  return found[number % found.length];
};
const isEditing = () => find('#notice').textContent.includes('replaces the question');

const ACTIONS = {
  new: () => find('#new').click(),
  choose: (number) => some('#list a', number)?.click(),
  stop: () => find('#send[data-mode=stop]')?.click(),
  escape: () => press(find(isEditing() ? '#prompt' : 'body'), 'Escape'),
  again: () => find('article:last-of-type [data-action=again]')?.click(),
  remedy: (number) => some('article:last-of-type .actions button:not([data-action=new], [data-action=edit])', number)?.click(),
  /** Returns what is taken back. */
  undo() {
    some('#toast:not([hidden]) button', 0)?.click();
    return find('#toast span').textContent;
  },
  delete(number) {
    const button = some('#list [data-act=delete]', number);
    button?.click();
    return button?.closest('li').dataset.id;
  },
  edit() {
    if (!find('#prompt').value) press(find('#prompt'), 'ArrowUp');
  },
  /** Returns where it was asked, and what went for it: itself, if a change is asked while an answer comes. */
  ask(words) {
    const prompt = find('#prompt');
    const instead = isEditing() ? prompt.value : '';
    prompt.value = prompt.value && !instead ? `${prompt.value}\n${words}` : words;
    prompt.dispatchEvent(new InputEvent('input', { bubbles: true }));
    press(prompt, 'Enter');
    return [place(), instead && find('#send[data-mode=stop]') ? `${instead} ${words}` : instead];
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

/** What is still to be sent. */
window.unsent = () => [find('#prompt').value, ...Object.keys(localStorage).map((key) => (key.includes(':draft') ? localStorage[key] : ''))].join('\n');

/** What is on the page; how fast it came is not known any more after a reload. */
window.shown = () => ({
  title: find('h1').textContent,
  list: Array.from(document.querySelectorAll('#list li'), (entry) => [entry.dataset.id, entry.querySelector('.name').textContent]),
  articles: Array.from(document.querySelectorAll('article'), (one) => [one.dataset.state, one.querySelector('.text').innerText.trim()]),
  button: find('#send').textContent,
});
