// The languages whose code has colours, and what people call them.

/** The languages we know, each with what it builds upon. */
export const LANGUAGES = table(
  'bash css clike diff docker elixir graphql haskell ini json lua makefile markup nginx powershell ' +
    'python r rust sql swift toml yaml c:clike cpp:c csharp:clike dart:clike go:clike java:clike javascript:clike ' +
    'jsx:markup:javascript kotlin:clike markdown:markup markup-templating:markup php:markup-templating protobuf:clike ' +
    'ruby:clike scala:java scss:css tsx:jsx:typescript typescript:javascript',
);
const ALIASES = table(
  'c#:csharp c++:cpp cs:csharp dockerfile:docker golang:go hs:haskell html:markup js:javascript ' +
    'jsonc:json kt:kotlin md:markdown mjs:javascript patch:diff ps1:powershell py:python rb:ruby rs:rust sh:bash ' +
    'shell:bash svg:markup ts:typescript xml:markup yml:yaml zsh:bash',
);

/** The colours of markdown.css, by their numbers; 0 is none. */
export const COLOUR_NAMES = [
  '',
  'comment',
  'keyword',
  'string',
  'number',
  'name',
  'property',
  'deleted',
];

/** The language that this word after a fence means; undefined where it has no colours. @param {string} word */
export function languageCalled(word) {
  const [name = word.toLowerCase()] = ALIASES.get(word.toLowerCase()) ?? [];
  return LANGUAGES.has(name) ? name : undefined;
}

/** From `name:value:value name ...`. @param {string} text @returns {Map<string, string[]>} */
function table(text) {
  const entries = text.split(' ').map((entry) => entry.split(':'));
  return new Map(entries.map(([name, ...values]) => [name, values]));
}
