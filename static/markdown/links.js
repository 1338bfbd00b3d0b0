// Which addresses an answer may link to, and what must be seen of them: Claude repeats what it has read, so
// a link can be a trap, and the place it leads to is what gives it away.

/** The address, when it is one that may be opened; of one to write to, only who receives it. */
export function safeUrl(href) {
  try {
    const url = new URL(href);
    if (url.protocol === 'mailto:') [url.search, url.hash] = ['', '']; // other receivers, a text: nobody would see them
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url : undefined;
  } catch {
    return undefined; // relative, too: an answer knows nothing of our own addresses
  }
}

/** Where the link leads, unless its text is just that: `example.com@evil.net` is not. */
export function hiddenPlace(url, text) {
  const place = url.protocol === 'mailto:' ? url.pathname : url.host;
  if (text === place) return '';
  if (url.protocol === 'mailto:' || /[^\x21-\x7e]|@/.test(text)) return place;
  return safeUrl(/^https?:/i.test(text) ? text : `http://${text}`)?.host === place ? '' : place;
}
