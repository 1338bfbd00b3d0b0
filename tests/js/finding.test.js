// What a search finds, and where; under which day a conversation is listed; and what it is called.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, placesOf, snippetOf, termsOf } from '../../static/model/folding.js';
import { sectionsOf, untilMidnight } from '../../static/model/list-sections.js';
import { SearchIndex } from '../../static/model/search-index.js';
import { isGreeting, titleFrom, titleOfAnswer } from '../../static/model/title.js';

const TEXTS = [
  ['ÉCOLE', 'ecole'],
  ['e\u0301cole', 'ecole'],
  ['Straße', 'strasse'],
  ['STRASSE', 'strasse'],
  ['İstanbul ıssız', 'istanbul issiz'],
  ['Łódź Ørsted', 'lodz orsted'],
  ['ΟΔΟΣ οδός', 'οδοσ οδοσ'],
  ['ﬁne ｗｉｄｅ ½', 'fine wide 1⁄2'],
  ['a\u00a0b\nc\td', 'a b c d'],
  ['zero\u200bwidth soft\u00adhyphen', 'zerowidth softhyphen'],
  ['שָׁלוֹם', 'שלום'],
  ['مُحَمَّد', 'محمد'],
  ['it’s “so” – now', `it's "so" - now`],
];

test('case, accents, ligatures, widths and typographic signs do not matter', () => {
  for (const [text, folded] of TEXTS) assert.equal(fold(text), fold(folded), text);
  assert.notEqual(fold('कि'), fold('का')); // signs of vowels are letters
});

test('a place that is found covers the sign in the text with its accents', () => {
  const cases = [
    ['Ein Café, ein CAFÉ', 'cafe', ['Café', 'CAFÉ']],
    ['cafe\u0301s', 'cafe', ['cafe\u0301']],
    ['die große Straße', 'strasse', ['Straße']],
    ['die große Straße', 'gros', ['groß']],
    ['😀 ñandú 😀', 'nandu', ['ñandú']],
    ['x İİ y', 'i', ['İ', 'İ']],
    ['한국어', '국', ['국']],
  ];
  for (const [text, query, found] of cases) {
    const places = placesOf(text, termsOf(query));
    assert.deepEqual(
      places.map(([from, to]) => text.slice(from, to)),
      found,
      text,
    );
  }
});

test('words are looked for singly, quoted ones as a whole, and overlapping places are one', () => {
  assert.deepEqual(termsOf('  Red  "Blue Green" red '), ['red', 'blue green']);
  assert.deepEqual(termsOf('" ""'), []);
  assert.deepEqual(termsOf('say "open'), ['say', 'open']);
  assert.deepEqual(placesOf('abcd abc', ['abc', 'bcd']), [
    [0, 4],
    [5, 8],
  ]);
});

test('a snippet has what was found, begins and ends with words, and is short', () => {
  const text = `${'before '.repeat(400)}the Café here${' after'.repeat(400)}`;
  const snippet = snippetOf(text, ['cafe']);
  assert.match(snippet, /^…before .*the Café here after.* after…$/);
  assert.ok(snippet.length < 160);
  assert.equal(snippetOf('one\n\ntwo', ['two']), 'one two');
});

/** An index of these messages, each `[conversation, text, files]`. */
function indexOf(...messages) {
  const index = new SearchIndex(async () => {});
  const change = ([conversation, text, files], i) => ({
    table: 'messages',
    record: { id: `m${i}`, conversation, text, n: i, role: 'user', files },
  });
  index.apply(messages.map(change));
  return index;
}

async function search(index, metas, query) {
  const found = [];
  for await (const one of index.search(metas, termsOf(query))) found.push(one);
  return found;
}

test('a conversation is found when its title, messages and names of files have every word', async () => {
  const metas = [
    { id: 'a', title: 'Äpfel' },
    { id: 'b', title: 'Pears' },
  ];
  const index = indexOf(
    ['a', 'red and sweet'],
    ['a', 'crisp'],
    ['b', 'red', [{ name: 'Plan.PDF' }]],
  );
  const ids = async (query) => (await search(index, metas, query)).map(({ id }) => id);
  assert.deepEqual(await ids('RED'), ['a', 'b']);
  assert.deepEqual(await ids('apfel crisp'), ['a']);
  assert.deepEqual(await ids('crisp sweet'), ['a']);
  assert.deepEqual(await ids('plan.pdf red'), ['b']);
  assert.deepEqual(await ids('pears'), ['b']);
  assert.deepEqual(await ids('red sour'), []);
  assert.deepEqual(await ids('"red and"'), ['a']);
});

test('the message that has the most of the words is shown first, then the earliest', async () => {
  const index = indexOf(['a', 'red'], ['a', 'red and blue'], ['a', 'blue and red']);
  const [found] = await search(index, [{ id: 'a', title: '' }], 'red blue');
  assert.deepEqual(found, { id: 'a', snippet: 'red and blue', message: 'm1', count: 3 });
  assert.deepEqual(index.hitsIn('a', ['red']), new Map([['m0', 1], ['m1', 1], ['m2', 1]])); // prettier-ignore
});

test('what has been written since is found, what was removed is not, and a reading does not undo that', async () => {
  const index = indexOf(['a', 'old words']);
  const record = { id: 'm0', conversation: 'a', text: 'new words', n: 0, role: 'assistant' };
  index.apply([{ table: 'messages', record }]);
  const stored = (async function* () { yield [{ ...record, text: 'old words' }]; })(); // prettier-ignore
  await index.read(stored, () => {});
  const metas = [{ id: 'a', title: '' }];
  assert.equal((await search(index, metas, 'new')).length, 1);
  assert.equal((await search(index, metas, 'old')).length, 0);
  index.apply([{ table: 'messages', id: 'm0' }]);
  assert.equal((await search(index, metas, 'new')).length, 0);
});

/** Call this with the local time of that zone. */
function inZone(zone, call) {
  const before = process.env.TZ;
  process.env.TZ = zone;
  try {
    call();
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
}

const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Kiritimati', 'Asia/Kathmandu'];

test('days begin at local midnight in every zone, also when clocks are changed', () => {
  for (const zone of ZONES) {
    inZone(zone, () => {
      // Berlin and St. John's set their clocks back on 25 October and 1 November 2026.
      for (const now of [
        new Date(2026, 9, 25, 12),
        new Date(2026, 10, 2, 0, 5),
        new Date(2026, 2, 29, 23, 59),
      ]) {
        const at = (days, ...time) =>
          new Date(now.getFullYear(), now.getMonth(), now.getDate() - days, ...time).getTime();
        const sections = (touched) => sectionsOf([{ id: 'a', touched }], now.getTime())[0].key;
        assert.equal(sections(at(0, 0, 0)), 'today');
        assert.equal(sections(now.getTime() + 1e9), 'today'); // the clock was set back
        assert.equal(sections(at(0, 0, 0) - 1), 'yesterday');
        assert.equal(sections(at(1, 0, 0)), 'yesterday');
        assert.equal(sections(at(1, 0, 0) - 1), 'week');
        assert.equal(sections(at(7, 0, 0)), 'week');
        assert.equal(sections(at(7, 0, 0) - 1), 'month');
        assert.equal(sections(at(30, 0, 0)), 'month');
        assert.match(sections(at(30, 0, 0) - 1), /^2026-\d\d$/);
        assert.equal(new Date(now.getTime() + untilMidnight(now.getTime())).getHours(), 0);
      }
    });
  }
});

test('pinned ones come first whatever their day, archived ones last, and months follow each other', () => {
  inZone('UTC', () => {
    const now = Date.UTC(2026, 10, 27, 12);
    const metas = [
      { id: 'a', touched: now },
      { id: 'b', touched: now - 1, archived: 5, pinned: 3 },
      { id: 'c', touched: Date.UTC(2026, 8, 30) },
      { id: 'd', touched: Date.UTC(2026, 8, 1) },
      { id: 'e', touched: Date.UTC(2025, 8, 1), pinned: 7 },
      { id: 'f', touched: Date.UTC(2025, 8, 1) },
    ];
    const listed = sectionsOf(metas, now).map(({ key, metas: some }) => [
      key,
      some.map(({ id }) => id).join(''),
    ]);
    const months = [['2026-09', 'cd'], ['2025-09', 'f']]; // prettier-ignore
    assert.deepEqual(listed, [['pinned', 'e'], ['today', 'a'], ...months, ['archived', 'b']]);
  });
});

const TITLES = [
  ['How do I sort a list in Python?', 'How do I sort a list in Python?'],
  ['Hi', 'Hi'],
  ['  Hello Claude!  ', 'Hello Claude!'],
  ['Hi! How do I sort a list?', 'How do I sort a list?'],
  ['hello, can you help me with Rust lifetimes?', 'Can you help me with Rust lifetimes?'],
  ['Hi there,\n\nplease compare tea and coffee', 'Please compare tea and coffee'],
  ['Hello! Can you help me?\nMy cat is green.', 'My cat is green'],
  ['Hello World in C', 'Hello World in C'],
  ['Hi-fi for beginners', 'Hi-fi for beginners'],
  ['There is a bug', 'There is a bug'],
  ['Claude Monet', 'Claude Monet'],
  ['Guten Tag, wie backe ich Brot?', 'Wie backe ich Brot?'],
  ['Hiking in Norway', 'Hiking in Norway'],
  ['hint: use a stack', 'Hint: use a stack'],
  ['## A *bold* **plan** with `code`', 'A bold plan with code'],
  ['> quoted\n- [ ] item', 'Quoted'],
  ['- [ ] buy milk', 'Buy milk'],
  ['[the docs](https://example.org/a_(b) "t") say so', 'The docs say so'],
  ['Rename snake_case_name', 'Rename snake_case_name'],
  ['What is 2*3*4?', 'What is 2*3*4?'],
  ['```python\nprint(1)\n```\nWhy does this fail?', 'Why does this fail?'],
  ['```python\nprint(1)\n```', 'print(1)'],
  ['Version 3.5 is out. Should I update?', 'Version 3.5 is out'],
  ['iPhone or Android?', 'iPhone or Android?'],
  ['👋', '👋'],
  ['你好，今天天气怎么样？', '今天天气怎么样？'],
  ['', ''],
];

test('a title is the first sentence that says something, as it is read', () => {
  for (const [question, title] of TITLES) {
    assert.equal(titleFrom(question), title, question);
  }
});

test('a title is cut between words, where there are any, and never in a composed sign', () => {
  const long = titleFrom(
    'Explain the difference between threads, processes and coroutines in detail',
  );
  assert.equal(long, 'Explain the difference between threads, processes and…');
  assert.equal([...titleFrom('長'.repeat(200))].length, 61);
  assert.doesNotMatch(titleFrom('👩‍👩‍👧‍👦'.repeat(40)), /\u200d…$/);
  assert.ok(titleFrom('x'.repeat(1e6)).length <= 61);
});

test('a greeting is known as one, and gives way to what says something', () => {
  for (const title of [
    'Hi',
    'Hello Claude!',
    'Good morning',
    'hey there',
    'Hallo!',
    '👋 Hi',
    'How are you?',
  ])
    assert.ok(isGreeting(title), title);
  for (const title of ['Hiking', 'Hello World in C', 'Good morning routines', 'History'])
    assert.ok(!isGreeting(title), title);
  assert.equal(titleOfAnswer('Hello! How can I help you today?'), '');
  assert.equal(titleOfAnswer('Hello!\n\n# Packing for Norway\n\nTake …'), 'Packing for Norway');
});

test('no text makes a title slow', () => {
  for (const sign of ['`', '*', '_', '[', '<', '> ', 'hi ', '~~a', '![', '\\', '- ', '(']) {
    const began = process.cpuUsage().user;
    titleFrom(sign.repeat(50_000));
    assert.ok((process.cpuUsage().user - began) / 1000 < 2000, sign);
  }
});
