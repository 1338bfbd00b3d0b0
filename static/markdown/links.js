// Which addresses an answer may link to, and what must be seen of them: Claude repeats what it has read, so
// a link can be a trap, and the place it leads to is what gives it away.

/** The address, if it may be opened; of a mail address only the recipient. @param {string} href */
export function safeUrl(href) {
  try {
    const url = new URL(href);
    if (url.protocol === 'mailto:') [url.search, url.hash] = ['', '']; // other recipients, a text: they are not shown
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url : undefined;
  } catch {
    return undefined; // relative, too: an answer knows nothing of our own addresses
  }
}

/** Where the link leads, unless its text says just that: `example.com@evil.net` does not. @param {URL} url @param {string} text */
export function hiddenPlace(url, text) {
  const place = url.protocol === 'mailto:' ? url.pathname : url.host;
  if (text === place) return '';
  if (url.protocol === 'mailto:' || /[^\x21-\x7e]|@/.test(text)) return place;
  return safeUrl(/^https?:/i.test(text) ? text : `http://${text}`)?.host === place ? '' : place;
}
