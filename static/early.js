// What cannot wait for the modules, so it is none: the theme, or a dark page would flash white; whether a conversation
// will be shown, or the field would jump; a question that is sent, or an example that is pressed, before the page can
// ask it; and style sheets that do not come, which would keep all of it from being shown.
'use strict';
{
  const STYLES_MS = 3_000;
  const { dataset } = document.documentElement;

  markRoot();
  addEventListener('submit', (event) => isIn(event, 'composer') && keep(event));
  addEventListener('keydown', (event) => sends(event) && isIn(event, 'prompt') && keep(event));
  addEventListener('click', pressExample);
  addEventListener('error', (event) => isScript(event) && say('early.part-missing'), true);
  setTimeout(showWithoutStyles, STYLES_MS);

  function markRoot() {
    try {
      dataset.theme = localStorage.getItem('claude-sse:theme') ?? '';
      dataset.firstRun = localStorage.getItem('claude-sse:first-run') ?? '';
      const opens = location.hash || localStorage.getItem('claude-sse:talk');
      if (opens && opens !== '#/new') dataset.talk = '';
    } catch {
      // forbidden here: the system's theme stays
    }
  }

  /** The composer sends it when it is there. @param {Event} event */
  function keep(event) {
    if ('running' in dataset) return;
    event.preventDefault();
    dataset.asked = '';
    say('early.loading');
  }

  /** @param {Event} event */
  function pressExample(event) {
    const { target } = event;
    const example = target instanceof Element && target.closest('[data-command=example]');
    const prompt = document.querySelector('#prompt');
    if (!example || !(prompt instanceof HTMLTextAreaElement) || 'running' in dataset) return;
    prompt.value ||= example.textContent ?? '';
    keep(event);
  }

  /** @param {KeyboardEvent} event */
  function sends(event) {
    const has = (/** @type {string} */ query) => matchMedia(query).matches;
    const isPhone = has('(pointer: coarse)') && !has('(any-pointer: fine)');
    const isSent = event.ctrlKey || event.metaKey || !(isPhone || event.shiftKey || event.altKey);
    return event.key === 'Enter' && isSent && !event.isComposing;
  }

  /** @param {Event} event @param {string} id */
  function isIn({ target }, id) {
    return target instanceof Element && target.id === id;
  }

  /** @param {Event} event */
  function isScript({ target }) {
    return target instanceof HTMLScriptElement;
  }

  function showWithoutStyles() {
    for (const link of /** @type {NodeListOf<HTMLLinkElement>} */ (
      document.querySelectorAll('link[rel=stylesheet]:not([media])')
    )) {
      if (link.sheet) continue;
      link.media = 'print'; // such a one is not waited for
      link.onload = () => (link.media = 'all');
    }
  }

  /** @param {string} key */
  function say(key) {
    const notice = document.querySelector('#notice');
    const texts = document.querySelector('#words')?.textContent ?? '{}';
    if (notice) notice.textContent = JSON.parse(texts)[key] ?? key;
  }
}
