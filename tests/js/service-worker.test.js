// The worker that keeps the page, in a browser made of fakes: a network, a Cache storage, and their faults.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

import { pass, settle } from './fake-time.js';

const SOURCE = readFileSync(
  new URL('../../static/system/service-worker.js', import.meta.url),
  'utf8',
);
const SCOPE = 'https://chat.test/chat/';
const [OLD, NEW] = ['0123456789ab', 'ba9876543210'];
const html = (digest) => `<script src="/chat/static/${digest}/chat.js"></script>`;
const page = (digest) => new Response(html(digest), { status: 200 });
const file = (text) =>
  new Response(text, { headers: { 'Cache-Control': 'public, max-age=31536000, immutable' } });

/** A Cache storage, with what is in it by name and URL. */
class FakeCaches {
  stored = new Map();
  keys = async () => [...this.stored.keys()];
  delete = async (name) => this.stored.delete(name);
  match = async (request, { cacheName }) =>
    this.stored.get(cacheName)?.get(urlOf(request))?.clone();
  open = async (name) => {
    if (!this.stored.has(name)) this.stored.set(name, new Map());
    const entries = this.stored.get(name);
    return {
      put: async (request, response) => void entries.set(urlOf(request), response),
      delete: async (request) => entries.delete(urlOf(request)),
    };
  };
  urls = () => [...this.stored.values()].flatMap((entries) => [...entries.keys()]).sort();
}

const urlOf = (request) => request.url ?? String(request);

/** A browser that runs the worker of this version; `network` answers each URL. */
function run({
  version = NEW,
  files = ['chat.js', 'later.js'],
  caches = new FakeCaches(),
  network,
  ...more
}) {
  const listeners = new Map();
  const sent = [];
  const worker = {
    ...{ caches, navigator: {}, Response, URL, setTimeout, clearTimeout, Promise, Error },
    registration: { scope: SCOPE, showNotification: async () => {} },
    clients: { matchAll: async () => [], claim: async () => {} },
    served: { version, files },
    addEventListener: (name, listener) => listeners.set(name, listener),
    fetch: async (request) => {
      sent.push(urlOf(request));
      return network(urlOf(request));
    },
    ...more,
  };
  runInNewContext(SOURCE, worker);
  /** Send an event; return what it is answered with (undefined: the browser goes on), and what it waits for. */
  function send(name, data = {}) {
    const waits = [];
    let answer;
    listeners.get(name)({
      ...data,
      waitUntil: (work) => waits.push(work),
      respondWith: (response) => (answer = response),
    });
    return { answer, done: Promise.all(waits) };
  }
  const open = (request) => send('fetch', { request: { method: 'GET', mode: 'cors', ...request } });
  return { caches, sent, send, open };
}

/** The network of a server of this version. */
const serverOf = (digest) => (url) => {
  if (url === SCOPE) return page(digest);
  return url.includes(`/static/${digest}/`)
    ? file(`${digest} ${url}`)
    : new Response('', { status: 404 });
};
const navigation = { url: SCOPE, mode: 'navigate' };
const text = async (answer) => (await answer).text();

/** A browser that has this version, complete. */
async function kept(digest, caches = new FakeCaches()) {
  const browser = run({ version: digest, caches, network: serverOf(digest) });
  await browser.send('install').done;
  await browser.send('activate').done;
  return caches;
}

test('it keeps the page and the files of its version, and nothing else', async () => {
  const caches = await kept(NEW);
  const names = ['', 'chat.js', 'later.js'].map((name) => `${SCOPE}static/${NEW}/${name}`);
  assert.deepEqual(caches.urls(), [SCOPE, ...names]);
});

test('it leaves alone what is neither page nor file', async () => {
  const { open, sent } = run({ network: serverOf(NEW) });
  for (const path of [
    'models',
    'streams/1',
    'api/chat',
    'v1/models',
    'login',
    'static/chat.js',
    '../other/',
  ]) {
    assert.equal(open({ url: new URL(path, SCOPE).href }).answer, undefined, path);
    assert.equal(
      open({ url: new URL(path, SCOPE).href, mode: 'navigate' }).answer,
      undefined,
      path,
    );
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD'])
    assert.equal(open({ ...navigation, method }).answer, undefined, method);
  assert.equal(open({ url: SCOPE }).answer, undefined); // the page's address, asked for by a script
  assert.deepEqual(sent, []);
});

test('the page comes from the network, and without one from the cache', async () => {
  const caches = await kept(OLD);
  const online = run({ version: OLD, caches, network: serverOf(OLD) });
  assert.equal(await text(online.open(navigation).answer), html(OLD));
  assert.deepEqual(online.sent, [SCOPE]);
  for (const network of [
    () => Promise.reject(new TypeError('offline')),
    () => new Response('Bad Gateway', { status: 502 }),
  ]) {
    const offline = run({ version: OLD, caches, network });
    assert.equal(
      await text(offline.open({ ...navigation, url: `${SCOPE}?from=home` }).answer),
      html(OLD),
    );
    const later = offline.open({ url: `${SCOPE}static/${OLD}/later.js` });
    assert.match(await text(later.answer), /later\.js$/);
  }
});

test('a network that is silent is waited for three seconds', async (t) => {
  const caches = await kept(OLD);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { open } = run({ caches, network: () => new Promise(() => {}), setTimeout, clearTimeout });
  const { answer } = open(navigation);
  const read = text(answer);
  await pass(t, 3);
  assert.equal(await read, html(OLD));
});

test('a file of a version that is not deployed any more comes from its own version', async () => {
  const caches = await kept(OLD);
  const { open } = run({ caches, network: serverOf(NEW) });
  const { answer } = open({ url: `${SCOPE}static/${OLD}/later.js` });
  assert.match(await text(answer), new RegExp(`^${OLD}`));
});

test('a page is kept only where all files of its version are', async () => {
  const caches = await kept(OLD);
  const deployed = run({ version: OLD, caches, network: serverOf(NEW) });
  const { answer, done } = deployed.open(navigation);
  assert.equal(await text(answer), html(NEW));
  await done;
  const offline = run({ caches, network: () => Promise.reject(new TypeError('offline')) });
  assert.equal(await text(offline.open(navigation).answer), html(OLD));
});

test('the files of an earlier version go when no tab is open', async () => {
  const tab = { url: `${SCOPE}#/1`, visibilityState: 'hidden' };
  const caches = await kept(OLD);
  const matchAll = async () => [tab];
  const busy = run({
    caches,
    network: serverOf(NEW),
    clients: { matchAll, claim: async () => {} },
  });
  await busy.send('install').done;
  await busy.send('activate').done;
  assert.equal((await caches.keys()).length, 2);
  await kept(NEW, caches);
  assert.deepEqual(await caches.keys(), [`claude-sse ${SCOPE} ${NEW}`]);
});

for (const [what, answer] of [
  [
    'a redirect to a sign-in',
    () => ({ type: 'opaqueredirect', ok: false, status: 0, clone: () => ({}) }),
  ],
  ['a refusal', () => new Response('{}', { status: 403 })],
  ['a page that is not ours', () => new Response('<h1>Sign in</h1>')],
])
  test(`${what} leaves no page`, async () => {
    const caches = await kept(NEW);
    const guarded = run({ caches, network: () => withClone(answer()) });
    const { answer: opened, done } = guarded.open(navigation);
    await opened;
    await done;
    assert.ok(!caches.urls().includes(SCOPE));
  });

/** What a navigation is answered with when it is led elsewhere can be passed on, and not read. */
const withClone = (response) =>
  response instanceof Response ? response : { ...response, clone: () => response };

test('a Cache storage that fails or never answers leaves all to the network', async (t) => {
  const failing = async () => Promise.reject(new Error('broken'));
  const silent = () => new Promise(() => {});
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const match of [failing, silent]) {
    const caches = Object.assign(new FakeCaches(), { match, keys: match, open: match });
    const { open } = run({ caches, network: serverOf(NEW), setTimeout, clearTimeout });
    const url = `${SCOPE}static/${NEW}/chat.js`;
    for (const request of [{ url }, { url }, navigation]) {
      const read = text(open(request).answer);
      if (request !== navigation) await pass(t, 3);
      await settle();
      assert.match(await read, new RegExp(NEW));
    }
  }
});

test('a full Cache storage, a mixed deployment and a browser that saves data keep nothing', async () => {
  const full = new FakeCaches();
  const { open } = full;
  full.open = async (name) => ({
    ...(await open(name)),
    put: async () => Promise.reject(new DOMException('full', 'QuotaExceededError')),
  });
  const mixed = new FakeCaches();
  const saving = new FakeCaches();
  for (const browser of [
    run({ caches: full, network: serverOf(NEW) }),
    run({ caches: mixed, network: serverOf(OLD) }),
    run({ caches: saving, network: serverOf(NEW), navigator: { connection: { saveData: true } } }),
  ]) {
    await assert.rejects(browser.send('install').done);
    assert.deepEqual(browser.caches.urls(), []);
  }
});

test('an answer is told of once, and not while a tab is seen', async () => {
  const told = [];
  const tabs = [{ url: `${SCOPE}#/1`, visibilityState: 'visible' }];
  const { send } = run({
    network: serverOf(NEW),
    clients: { matchAll: async () => tabs },
    registration: { scope: SCOPE, showNotification: async (...shown) => told.push(shown) },
  });
  const tell = { title: 'The answer is there', body: 'Bees', tag: '1', place: 'p' };
  const message = { data: { tell }, source: { id: 'tab' } };
  await send('message', message).done;
  assert.deepEqual(told, []);
  tabs[0].visibilityState = 'hidden';
  await send('message', message).done;
  assert.deepEqual(structuredClone(told), [
    [tell.title, { body: 'Bees', tag: '1', data: { place: 'p', tab: 'tab' } }],
  ]);
});

test('a notification leads to the tab that told, or to a new one', async () => {
  const led = [];
  const tab = (id) => ({
    ...{ id, url: SCOPE, focus: async () => led.push(id) },
    postMessage: (message) => led.push({ ...message }),
  });
  let tabs = [tab('other'), tab('told')];
  const clients = { matchAll: async () => tabs, openWindow: async (url) => led.push(url) };
  const { send } = run({ network: serverOf(NEW), clients });
  const notification = { close: () => led.push('closed'), data: { place: 'p', tab: 'told' } };
  await send('notificationclick', { notification }).done;
  tabs = [];
  await send('notificationclick', { notification }).done;
  assert.deepEqual(led, ['closed', { open: 'p' }, 'told', 'closed', `${SCOPE}#/p`]);
});
