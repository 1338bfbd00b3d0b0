// Sees every element and attribute that ever appears in the page, and what the browser forbade it.
{
  const ANSWER = 'a blockquote br button code del details div em h3 h4 h5 h6 hr ins kbd li mark ol p pre small span strong sub summary sup table tbody td th thead tr u ul'.split(' ');
  const PAGE = [...ANSWER, ...'html head body title article aside dd details dialog dl dt fieldset footer form h1 h2 header input kbd label legend link main meta nav noscript option progress script section select small summary svg symbol path circle rect line g defs textarea template time use'.split(' ')];
  const ONCE = ['script', 'link', 'meta', 'template', 'form', 'noscript', 'dialog', 'svg']; // not while text is shown
  const TEXTS = '.text, .thoughts, .name, #list small, h1, .toast span';
  const ADDRESSES = ['src', 'srcset', 'srcdoc', 'style', 'action', 'formaction', 'ping', 'background', 'poster', 'data', 'xlink:href'];
  const found = new Set();

  const ours = (href) => href.startsWith('#') || new URL(href, location.href).origin === location.origin;

  function look(element) {
    const inText = element.parentElement?.closest(TEXTS);
    const { localName, attributes } = element;
    if (!(inText ? ANSWER : PAGE).includes(localName)) found.add(`<${localName}>`);
    if (ONCE.includes(localName) && element.closest('article, #list') && !element.closest('svg.icon')) found.add(`<${localName}> in a message`);
    for (const { name, value } of attributes) {
      if (name.startsWith('on')) found.add(`${localName} ${name}`);
      if (ADDRESSES.includes(name) && (inText || (name !== 'style' && !ours(value)))) found.add(`${localName} ${name}=${value}`);
      if (name === 'href' && inText && !/^(https?:\/\/|mailto:)/.test(value)) found.add(`link to ${value}`);
      if (name === 'href' && !inText && !ours(value)) found.add(`${localName} to ${value}`);
      if (name === 'href' && inText && !/noopener noreferrer/.test(element.rel)) found.add(`link without rel to ${value}`);
    }
  }

  function lookInto(node) {
    if (node.nodeType !== 1) return;
    look(node);
    node.querySelectorAll('*').forEach(look);
  }

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'attributes') look(target);
      else addedNodes.forEach(lookInto);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true });
  addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => found.add(`${violatedDirective} ${blockedURI}`));

  window.watchman = {
    found: () => [...found],
    /** Everything that a script could read of what is stored, as one text. */
    async kept() {
      const all = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie, document.documentElement.outerHTML];
      for (const { name } of await indexedDB.databases()) {
        const base = await done(indexedDB.open(name));
        for (const store of base.objectStoreNames) all.push(JSON.stringify(await done(base.transaction(store).objectStore(store).getAll())));
        base.close();
      }
      return all.join('\n');
    },
  };

  function done(request) {
    return new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }
}
