// The title of a conversation, made of what was said first: words as they are read, without the signs of Markdown,
// cut between words; a greeting alone is no title, as long as anything follows.

const CHARACTERS = 60;
/** A cut that leaves less than this is made within a word: there may be no spaces at all. */
const LEAST_CHARACTERS = 30;
/** Where only a part of a text is looked at. */
const LOOKED_AT = 4000;

/** With an address, and with what ends it: "Hello World in C" is about something. */
// eslint-disable-next-line security/detect-non-literal-regexp -- of constants
const GREETING = new RegExp(
  '^[\\s\\p{P}\\p{S}]*(?:(?:' +
    [
      'hi|hiya|hello|hey|heya|howdy|yo|greetings|welcome|good (?:morning|afternoon|evening|day)|thanks|thank you|ok|okay',
      'hallo|moin(?: moin)?|servus|grüß (?:gott|dich|euch)|guten? (?:tag|morgen|abend)|danke|na',
      'bonjour|bonsoir|salut|coucou|hola|buen[oa]s(?: días| tardes| noches)?|ciao|salve|buongiorno',
      'olá|oi|hej|hei|ahoj|cześć|привет|здравствуйте|你好|您好|こんにちは|안녕하세요|مرحبا|שלום|नमस्ते',
      "how are you(?: doing)?|how is it going|what's up|wie geht(?: e?s|'s)?(?: dir| ihnen)?|nice to meet you",
      'how (?:can|may) i (?:help|assist)(?: you)?|what can i (?:do|help)(?: for)?(?: you)?(?: with)?',
      'wie kann ich (?:dir|ihnen)?(?: heute)? ?(?:helfen|behilflich sein)|i need (?:some )?help|can you help(?: me)?',
    ].join('|') +
    ')(?: (?:there|all|everyone|again|claude|team|friend|zusammen|today|heute))*' +
    '(?:\\s*$|\\s*[\\n,;:.!?…~)\\p{Extended_Pictographic}，。！？、][\\s\\p{P}\\p{S}\\u200d\\ufe0f]*))+',
  'iu',
);
/** Ends a sentence: not "3.5", not "e.g. this". */
const SENTENCE_END = /(?<=[.!?…])\s+(?=[\p{Lu}\p{N}"“¿¡(])|(?<=[。！？])/u;

/** Return the title for these words; a short form of them where they are only a greeting. @param {string} text */
export function titleFrom(text) {
  return cut(substance(text) || plain(text).join(' '));
}

/** Return whether a title says nothing of what the conversation is about. @param {string} title */
export const isGreeting = (title) => !withoutGreeting(title);

/** Return the title for an answer to a greeting: its heading or its first words that say something; or ''. @param {string} text */
export const titleOfAnswer = (text) => cut(substance(text));

/** Return the first sentence that is more than a greeting, or ''. @param {string} text */
function substance(text) {
  for (const line of plain(text)) {
    for (const sentence of withoutGreeting(line).split(SENTENCE_END)) {
      const words = withoutGreeting(sentence).trim();
      if (/[\p{L}\p{N}]/u.test(words)) return words.replace(/^\p{Ll}/u, upper);
    }
  }
  // Signs alone, such as an emoji or "?!", are what was said, too.
  const rest = plain(text).join(' ');
  return /[\p{L}\p{N}]/u.test(rest) ? '' : rest;
}

/** A name with a capital within, such as "iPhone", stays. @param {string} letter @param {number} _at @param {string} whole */
const upper = (letter, _at, whole) =>
  /^\p{Ll}\p{Lu}|^[\p{L}\d]*[._/(]/u.test(whole) ? letter : letter.toUpperCase();

/** @param {string} words */
const withoutGreeting = (words) => {
  const rest = words.replace(GREETING, '');
  return /[\p{L}\p{N}]/u.test(rest) || !/[\p{L}\p{N}]/u.test(words) ? rest.trim() : '';
};

/** Return the lines as they are read, those of code last. @param {string} text */
function plain(text) {
  const some = text.slice(0, LOOKED_AT).replace(/\r\n?/g, '\n');
  /** @type {string[]} */
  const code = [];
  const words = some.replace(
    /^ {0,3}(`{3,}|~{3,}).*\n([^]*?)(?:^ {0,3}\1.*$|(?![^]))/gm,
    (_, __, held) => {
      code.push(...held.split('\n'));
      return '';
    },
  );
  const lines = [...words.split('\n').map(readable), ...code].map((line) =>
    line.replace(/\s+/g, ' ').trim(),
  );
  return lines.filter(Boolean);
}

/** Return a line of Markdown as it is read. @param {string} line */
function readable(line) {
  /* eslint-disable security/detect-unsafe-regex -- of a line that has been shortened */
  return line
    .replace(/^\s*(?:>\s?)+/, '')
    .replace(/^\s*(?:#{1,6}(?=\s|$)|[-*+](?=\s)|\d{1,9}[.)](?=\s))\s*/, '')
    .replace(/^\s*\[[ xX]\]\s/, '')
    .replace(/^\s*(?:([-*_])\s*)(?:\1\s*){2,}$|^\s*=+\s*$|^[\s|:-]*\|[\s|:-]*$/, '')
    .replace(/!?\[([^\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+"[^"]*")?\)/g, '$1')
    .replace(/(`+)(.+?)\1/g, '$2')
    .replace(/(\*\*\*|\*\*|~~)(?=\S)(.+?)(?<=\S)\1/g, '$2')
    .replace(/(?<![\p{L}\p{N}*])\*(?=[^\s*])(.+?)(?<=\S)\*(?![\p{L}\p{N}*])/gu, '$1')
    .replace(/(?<![\p{L}\p{N}])(___|__|_)(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}])/gu, '$2')
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/^\s*\||\|\s*$/g, '')
    .replace(/\s+#+\s*$/, '')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1');
}

/** @param {string} words */
function cut(words) {
  const signs = [...words];
  if (signs.length <= CHARACTERS) return words.replace(/[\s.:;,。：，]+$/u, '');
  const start = signs.slice(0, CHARACTERS + 1).join('');
  const atWord = start.replace(/\s+\S*$/u, '');
  const kept = [...atWord].length >= LEAST_CHARACTERS && atWord !== start ? atWord : whole(signs);
  return `${kept.replace(/[\s\p{Pd}.:;,(，。：]+$/u, '')}…`;
}

/** Return as many signs as there is room for, without half of a composed one. @param {string[]} signs */
function whole(signs) {
  const start = signs.slice(0, CHARACTERS + 20).join('');
  const parts = Array.from(new Intl.Segmenter().segment(start), ({ segment }) => segment);
  return parts.slice(0, CHARACTERS).join('');
}
