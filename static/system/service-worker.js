// Keeps the page, so that it opens without the server: its HTML as it was last sent, and the files of a version in a
// cache of their own, which is used when it is complete. HTML comes from the network first, so a deployment is taken
// at the next load; a file's name tells its version, so versions are not mixed. Nothing else is touched.
//
// The server puts a line above this: `self.served`, the version and the names of its files (claude_sse/web/offline.py).

{
  const worker = /** @type {any} */ (globalThis);
  const { caches, clients, navigator, registration } = worker;
  const { version, files } = worker.served;
  /** Nothing optional is waited for without end. */
  const PATIENCE_MS = 3_000;
  /** Those of the page's requests that go on meanwhile need the other four connections. */
  const TOGETHER = 2;
  const PAGE = registration.scope;
  const STATIC = `${PAGE}static/`;
  const CACHES = `claude-sse ${PAGE} `;
  const DIGEST = /^[0-9a-f]{12}(?=\/)/;
  /** Cache storage that is late or broken is not asked again. */
  let isUsable = true;

  worker.addEventListener('install', (/** @type {any} */ event) => {
    bypass(event);
    event.waitUntil(keepVersion());
  });
  worker.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(begin()));
  worker.addEventListener('fetch', (/** @type {any} */ event) => {
    const { request } = event;
    if (request.method !== 'GET') return;
    const [path] = request.url.split(/[?#]/, 1);
    const of = path.startsWith(STATIC) && path.slice(STATIC.length).match(DIGEST)?.[0];
    if (of) event.respondWith(openFile(event, nameOf(of)));
    else if (request.mode === 'navigate' && path === PAGE) event.respondWith(openPage(event));
  });

  /** Have the browser send all else without waking this worker, where it can. @param {any} event */
  function bypass(event) {
    const pathname = new URL(STATIC).pathname.replace(/[^\w/.-]/g, '\\$&');
    const ours = [{ requestMode: 'navigate' }, { urlPattern: { pathname: `${pathname}*` } }];
    try {
      event.addRoutes?.({ condition: { not: { or: ours } }, source: 'network' })?.catch(() => {});
    } catch {
      // it wakes this worker, which does nothing
    }
  }

  async function keepVersion() {
    if (navigator.connection?.saveData) throw new Error('The browser saves data: not now.');
    const name = nameOf(version);
    if (!(await isComplete(name))) await fill(name).catch((error) => dropped(name, error));
    // It was loaded before this worker could see it.
    await fetch(PAGE, { redirect: 'manual', cache: 'no-store' }).then(keepPage).catch(ignore);
  }

  /** @param {string} name */
  async function fill(name) {
    const cache = await caches.open(name);
    const waiting = files.map((/** @type {string} */ file) => `${STATIC}${version}/${file}`);
    const fetchNext = async () => {
      for (let url; (url = waiting.pop());) {
        const response = await fetch(url);
        if (!isLasting(response)) throw new Error(`${url} is of another version.`);
        await cache.put(url, response);
      }
    };
    await Promise.all(Array.from({ length: TOGETHER }, fetchNext));
    await cache.put(markOf(name), new Response());
  }

  /** @param {string} name @param {unknown} error */
  async function dropped(name, error) {
    await caches.delete(name);
    throw error;
  }

  /** Since no tab is left that an earlier worker serves, no tab needs the files of an earlier version. */
  async function begin() {
    const others = (await clients.matchAll({ includeUncontrolled: true })).filter(isTab);
    if (!others.length)
      for (const name of await ours()) if (name !== nameOf(version)) await caches.delete(name);
    // No open page is claimed: that evicts a page from the back/forward cache.
  }

  /** @param {any} event */
  async function openPage(event) {
    const arriving = fetch(event.request);
    event.waitUntil(arriving.then((page) => keepPage(page.clone())).catch(ignore));
    const page = await inTime(arriving).catch(ignore);
    if (page && page.status < 500) return page;
    return (await fromCache(keptPage)) ?? arriving;
  }

  /** Keep what was sent as the page, if its files are here; where it is no page of ours, there is none to keep. @param {Response} page */
  async function keepPage(page) {
    if (page.status >= 500) return;
    const html = page.ok && !page.redirected ? await page.clone().text() : '';
    const of = html.match(/\/static\/([0-9a-f]{12})\//)?.[1];
    if (of && !(await isComplete(nameOf(of)))) return;
    if (of) await (await caches.open(nameOf(of))).put(PAGE, page);
    for (const name of await ours())
      if (!of || name !== nameOf(of)) await (await caches.open(name)).delete(PAGE);
  }

  async function keptPage() {
    for (const name of await ours()) {
      const page = await caches.match(PAGE, { cacheName: name, ignoreVary: true });
      if (page) return page;
    }
    return undefined;
  }

  /** @param {any} event @param {string} name */
  async function openFile(event, name) {
    const { request } = event;
    const kept = await fromCache(() =>
      caches.match(request, { cacheName: name, ignoreVary: true }),
    );
    if (kept) return kept;
    const response = await fetch(request);
    if (isUsable && isLasting(response))
      event.waitUntil(addTo(name, request, response.clone()).catch(ignore));
    return response;
  }

  /** Few files are fetched when they are used: the grammars of languages. @param {string} name @param {Request} request @param {Response} response */
  async function addTo(name, request, response) {
    if (await isComplete(name)) await (await caches.open(name)).put(request, response);
  }

  /** @param {() => Promise<Response | undefined>} find */
  async function fromCache(find) {
    if (!isUsable) return undefined;
    try {
      return await inTime(find());
    } catch {
      isUsable = false;
      return undefined;
    }
  }

  /** @param {string} digest */
  const nameOf = (digest) => CACHES + digest;

  /** @param {string} name */
  const markOf = (name) => `${STATIC}${name.slice(CACHES.length)}/`;

  /** @param {string} name @returns {Promise<boolean>} */
  const isComplete = async (name) =>
    Boolean(await caches.match(markOf(name), { cacheName: name, ignoreVary: true }));

  /** The caches of this scope. @returns {Promise<string[]>} */
  const ours = async () =>
    (await caches.keys()).filter((/** @type {string} */ name) => name.startsWith(CACHES));

  /** The server says so of the files of its own version only. @param {Response} response */
  const isLasting = ({ ok, headers }) =>
    ok && (headers.get('Cache-Control') ?? '').includes('immutable');

  /** @param {{ url: string }} client */
  const isTab = ({ url }) => url.split(/[?#]/, 1)[0] === PAGE;

  const ignore = () => undefined;

  /** @template T @param {Promise<T>} work @returns {Promise<T>} */
  function inTime(work) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('This takes too long.')), PATIENCE_MS);
      work.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  worker.addEventListener('message', (/** @type {any} */ event) => {
    if (event.data?.tell) event.waitUntil(tell(event.data.tell, event.source?.id));
  });
  worker.addEventListener('notificationclick', (/** @type {any} */ event) => {
    event.notification.close();
    event.waitUntil(show(event.notification.data));
  });

  /** Tell of an answer, unless a tab of the page is seen. @param {{ title: string, place: string }} told @param {string} tab */
  async function tell({ title, place, ...options }, tab) {
    const tabs = (await clients.matchAll({ includeUncontrolled: true })).filter(isTab);
    if (tabs.some((/** @type {any} */ one) => one.visibilityState === 'visible')) return;
    await registration.showNotification(title, { ...options, data: { place, tab } });
  }

  /** Go to the tab that told, or another one, or a new one, and open the conversation. @param {{ place: string, tab: string }} data */
  async function show({ place, tab }) {
    const tabs = (await clients.matchAll({ includeUncontrolled: true })).filter(isTab);
    const told = tabs.find((/** @type {any} */ { id }) => id === tab) ?? tabs[0];
    if (!told) return clients.openWindow(`${PAGE}#/${place}`);
    told.postMessage({ open: place });
    await told.focus();
  }
}
