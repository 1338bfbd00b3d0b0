// What a walker does on the page (`walk.act(name, ...)`), and what it sees there (`walk.seen()`); no test trusts the
// page's own word for what is stored: `walk.stored()` reads the database with the browser's methods as they were.
{
  const original = {
    open: IDBFactory.prototype.open,
    transaction: IDBDatabase.prototype.transaction,
    objectStore: IDBTransaction.prototype.objectStore,
    getAll: IDBObjectStore.prototype.getAll,
  };
  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shownOnes = (selector) =>
    all(selector).filter((one) => one.checkVisibility() && !one.disabled);
  const some = (selector, number) => {
    const found = shownOnes(selector);
    return found[number % (found.length || 1)];
  };
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const more = { bubbles: true, cancelable: true };
  const press = (element, key, options) =>
    element.dispatchEvent(new KeyboardEvent('keydown', { key, ...more, ...options }));
  const place = () => location.hash.slice(2).split('/')[0];
  const isEditing = () => !find('#cancel').hidden;
  /** The last words of the question that an article belongs to. */
  const questionAbove = (article) => {
    let one = article;
    while (one && one.dataset.role !== 'user') one = one.previousElementSibling;
    return one?.querySelector('.text').textContent ?? '';
  };

  function write(words) {
    const prompt = find('#prompt');
    const before = prompt.value;
    prompt.value = words;
    prompt.dispatchEvent(new InputEvent('input', { bubbles: true }));
    return before;
  }

  /** Click one of the buttons of messages; tells which question it is about. */
  function clickOn(selector, number) {
    const button = some(`article ${selector}`, number);
    const article = button?.closest('article');
    const about = article ? questionAbove(article) : '';
    const name = button?.dataset.action;
    button?.click();
    return { about, name };
  }

  async function menu(act, number) {
    const button = some('#list li > button', number);
    const id = button?.closest('li').dataset.id;
    button?.click();
    for (let i = 0; i < 20 && button && !find('#row-menu'); i += 1) await pause(10);
    const item = find(`#row-menu :is([data-act=${act}], [data-act=un${act}])`);
    item?.click();
    return item ? id : undefined;
  }

  const ACTIONS = {
    /** Add to what is in the field; while a question is changed, replace it. */
    write: (words) => {
      const { value } = find('#prompt');
      const text = value && !isEditing() ? `${value}\n${words}` : words;
      return { before: write(text), after: text, place: place(), editing: isEditing() };
    },
    send: (times = 1) => {
      const told = { before: find('#prompt').value, place: place(), editing: isEditing() };
      for (let i = 0; i < times; i += 1) press(find('#prompt'), 'Enter');
      return told;
    },
    new: () => find('#new').click(),
    choose: (number) => some('#list a', number)?.click(),
    stop: () => find('#send[data-mode=stop]')?.click(),
    version: (number) => clickOn('.versions:not([hidden]) button', number),
    escape: () => {
      const gone = isEditing() ? find('#prompt').value : '';
      press(isEditing() ? find('#prompt') : document.body, 'Escape');
      return { gone };
    },
    again: (number) => clickOn('[data-action=again]', number),
    remedy: (number) => clickOn('.actions button:not([hidden])', number),
    edit: (number) => clickOn('[data-action=edit-question]', number),
    up: () => void (find('#prompt').value || press(find('#prompt'), 'ArrowUp')),
    undo: () => shownOnes('.toast .act').at(-1)?.click(),
    delete: (number) => menu('delete', number),
    archive: (number) => menu('archive', number),
    pin: (number) => menu('pin', number),
    async rename(number, title) {
      const id = await menu('rename', number);
      const field = find('#list li input');
      if (!field) return undefined;
      field.value = title;
      press(field, number % 3 ? 'Enter' : 'Escape');
      return number % 3 ? id : undefined;
    },
    search: (words) => {
      const field = find('#search');
      field.focus();
      field.value = words;
      field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    },
    hits: (number) => some('#hits button', number)?.click(),
    back: () => canGo(-1) && history.back(),
    forward: () => canGo(1) && history.forward(),
    missing: () => void (location.hash = '#/00000000-0000-4000-8000-000000000000'),
    remove: (number) => {
      const chip = some('#attached .remove', number)?.closest('.chip');
      const name = chip?.querySelector('b')?.textContent;
      chip?.querySelector('.remove').click();
      return name;
    },
    paste: (text) => {
      const clipboardData = new DataTransfer();
      clipboardData.setData('text/plain', text);
      find('#prompt').dispatchEvent(new ClipboardEvent('paste', { clipboardData, ...more }));
      return place();
    },
    choices: (number) => {
      const field = number % 2 ? find('#model') : find('#effort');
      if (!field.options.length) return;
      field.selectedIndex = number % field.options.length;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    },
    system: (words) => {
      find('#system').value = words;
      find('#system').dispatchEvent(new InputEvent('input', { bubbles: true }));
    },
    keys: (number) => {
      const ways = [
        ['k', { ctrlKey: true }],
        ['/', { ctrlKey: true }],
        ['o', { ctrlKey: true, shiftKey: true }],
      ];
      press(document.body, ...ways[number % ways.length]);
      press(find('#prompt'), 'Escape');
      find('dialog[open]')?.close();
    },
    settle: () => document.querySelectorAll('dialog[open]').forEach((one) => one.close()),
  };

  /** Whether the step leads to a page of ours. */
  function canGo(step) {
    const { currentEntry } = navigation;
    const { url = '' } = navigation.entries()[currentEntry.index + step] ?? {};
    return url.startsWith(location.origin);
  }

  /** Visit every version of every message by their buttons; return the ids seen. */
  function visitAll() {
    const seen = new Set();
    const at = (level) => all('article')[level];
    const click = (level, action) => {
      const button = at(level)?.querySelector(`[data-action=${action}]`);
      const before = at(level)?.dataset.id;
      if (!button || button.closest('[hidden]') || button.disabled) return false;
      button.click();
      return at(level)?.dataset.id !== before;
    };
    const explore = (level) => {
      if (!at(level)) return;
      while (click(level, 'older'));
      do {
        seen.add(at(level).dataset.id);
        explore(level + 1);
      } while (click(level, 'newer'));
    };
    explore(0);
    return [...seen];
  }

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  async function stored() {
    const db = await done(original.open.call(indexedDB, 'claude-sse'));
    const found = { messages: [], conversations: [], copies: {}, waiting: [] };
    for (const table of ['messages', 'conversations'])
      if (db.objectStoreNames.contains(table)) {
        const reading = original.transaction.call(db, table);
        found[table] = await done(original.getAll.call(original.objectStore.call(reading, table)));
      }
    db.close();
    for (const [key, value] of Object.entries({ ...localStorage })) {
      if (key.startsWith('claude-sse:messages:')) found.waiting.push(JSON.parse(value));
      if (key.startsWith('claude-sse:drafts:')) found.copies[key.slice(18)] = JSON.parse(value);
    }
    return found;
  }

  function seen() {
    const kept = { drafts: {}, files: {} };
    for (const [key, value] of Object.entries({ ...sessionStorage })) {
      const [, kind, name] = key.split(':');
      if (kind !== 'draft') continue;
      kept.drafts[name] = JSON.parse(value);
      for (const [id, files] of Object.entries(kept.drafts[name].files ?? {}))
        kept.files[id || name] = files.map((file) => file.name);
    }
    return {
      ...kept,
      tab: sessionStorage['claude-sse:tab'],
      place: place(),
      ready: 'ready' in (document.body?.dataset ?? {}),
      field: find('#prompt')?.value ?? '',
      editing: find('#cancel') ? isEditing() : false,
      mode: find('#send')?.dataset.mode,
      notice: find('#notice')?.textContent,
      storage: find('#storage')?.textContent,
      title: find('h1')?.textContent,
      list: all('#list li').map((entry) => [
        entry.dataset.id,
        entry.querySelector('.name')?.textContent ?? '',
      ]),
      chips: all('#attached .chip').map(
        (chip) => chip.querySelector('b')?.textContent ?? chip.textContent,
      ),
      toasts: all('.toast span').map((one) => one.textContent),
      articles: all('article').map((one) => ({
        id: one.dataset.id,
        role: one.dataset.role,
        state: one.dataset.state,
        busy: one.ariaBusy === 'true',
        text: one.querySelector('.text').innerText.trim(),
        versions: one.querySelector('.versions').hidden
          ? ''
          : one.querySelector('.versions span').textContent,
      })),
      busy: all('#list li[data-busy]').length + all('.chip.busy').length,
    };
  }

  addEventListener('DOMContentLoaded', () => {
    const tell = (records) => {
      for (const { addedNodes } of records)
        for (const one of addedNodes) console.debug(`said: ${one.textContent}`);
    };
    const observer = new MutationObserver(tell);
    for (const place of all('#toasts, #notice, #storage, #offline'))
      observer.observe(place, { childList: true });
  });

  window.walk = {
    act: (name, ...values) => ACTIONS[name](...values),
    seen,
    stored,
    visitAll,
  };
}
