// What an answer cites: numbered sources, marks in its text, and nothing that may not be opened.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  citedSources,
  importedSources,
  markedText,
  safeAddress,
  textWithSources,
} from '../../static/model/citations.js';
import { rendered } from './markdown-rendering.js';
import './words.js';
import { changesOf } from '../../static/model/frames.js';
import { newAnswer } from '../../static/model/message.js';

const FILES = [{ id: 'f', name: 'Plan.pdf', kind: 'pdf' }];
const WEB = { type: 'web_search_result_location' };

/** Play these frames, and check that the shown text only ever grows. */
function answered(...frames) {
  const answer = newAnswer(0, { web_search: true });
  let shown = '';
  for (const data of frames) {
    Object.assign(
      answer,
      changesOf(answer, { text: '', ...data }, 1, () => FILES),
    );
    const now = markedText(answer);
    assert.ok(now.startsWith(shown), JSON.stringify([shown, now]));
    shown = now;
  }
  answer.state = 'done';
  return answer;
}

test('a mark follows the passage that it belongs to, and a source has one number', () => {
  const answer = answered(
    {
      sources: [
        { url: 'https://b.example/' },
        { url: 'https://a.example/x', title: 'A', page_age: 'May' },
      ],
    },
    { text: 'One fact. ' },
    { citation: { ...WEB, url: 'https://a.example/x', title: 'A', cited_text: 'fact' } },
    { text: 'Two' },
    { text: ' facts.\n\n' },
    { citation: { ...WEB, url: 'https://c.example/', title: '' } },
    { citation: { ...WEB, url: 'https://a.example/x', cited_text: 'more' } },
    { citation: { ...WEB, url: 'https://a.example/x', cited_text: 'again' } },
    { text: 'End' },
  );
  assert.equal(answer.text, 'One fact. Two facts.\n\nEnd');
  assert.equal(
    markedText(answer),
    'One fact.\u202f\u2060¹ Two facts.\u202f\u2060²\u202f\u2060¹\n\nEnd',
  );
  assert.deepEqual(
    citedSources(answer).map(({ number, url, title, age }) => [number, url, title, age]),
    [
      [1, 'https://a.example/x', 'A', 'May'],
      [2, 'https://c.example/', '', undefined],
    ],
  );
  assert.equal(
    textWithSources(answer),
    `One fact.\u202f¹ Two facts.\u202f²\u202f¹\n\nEnd\n\n1. [A](<https://a.example/x>)\n2. [https://c.example/](<https://c.example/>)\n`,
  );
});

test('a number in the text is a link of its own, and the same text without the sign in it', () => {
  const text = `So\u202f\u2060¹² and\u202f\u2060¹\u202f\u2060³, 10\u202f000 m\u202f²`;
  for (const pieces of [[text], [...text]]) {
    const root = rendered(pieces);
    const marks = [...root.querySelectorAll('.cite')];
    assert.deepEqual(
      marks.map((mark) => [mark.getAttribute('data-cited'), mark.getAttribute('aria-label')]),
      [
        ['12', 'Source 12'],
        ['1', 'Source 1'],
        ['3', 'Source 3'],
      ],
    );
    assert.equal(root.textContent, text.replaceAll('\u2060', ''));
  }
});

test('a citation of a file names it and its pages', () => {
  const page = {
    type: 'page_location',
    document_index: 0,
    start_page_number: 3,
    end_page_number: 5,
  };
  const answer = answered(
    { text: 'So.' },
    { citation: { ...page, cited_text: 'it is' } },
    { text: ' And.' },
    { citation: { type: 'char_location', document_index: 4, document_title: 'Other' } },
  );
  const [first, second] = citedSources(answer);
  assert.deepEqual([first.title, first.file, second.title], ['Plan.pdf', 'f', 'Other']);
  const [{ page: from, lastPage }] = answer.citations;
  assert.deepEqual([from, lastPage], [3, 4]);
  assert.match(textWithSources(answer), /1\. Plan\.pdf\n2\. Other\n$/);
});

test('no address is kept that is not of the web', () => {
  const wrong = [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    '/x',
    '',
    7,
    null,
    {},
  ];
  const more = ['https://user:word@a.example/', 'ftp://a.example/', 'java\nscript:alert(1)'];
  for (const url of [...wrong, ...more]) {
    assert.equal(typeof url === 'string' ? safeAddress(url) : '', '');
    const answer = answered(
      { text: 'a' },
      { citation: { ...WEB, url, title: 'T' } },
      { sources: [{ url }, null, url] },
    );
    assert.deepEqual([answer.sources ?? [], answer.citations ?? []], [[], []]);
    assert.deepEqual(
      importedSources({ sources: [{ url, title: 7, number: 1 }] }).sources?.[0].url,
      undefined,
    );
  }
});

test('a search is told while it happens, and why it failed', () => {
  const answer = newAnswer(0, { web_search: true });
  const play = (data) => Object.assign(answer, changesOf(answer, { text: '', ...data }, 1));
  play({ activity: 'web_search', query: 'sse' });
  assert.equal(answer.searching, 'sse');
  play({ sources: [{ url: 'https://a.example/' }] });
  assert.equal(answer.searching, undefined);
  play({ activity: 'web_search', query: 'more' });
  play({ activity: 'web_search', failed: 'unavailable' });
  assert.equal(answer.searching, undefined);
  assert.deepEqual(answer.searches, [{ query: 'sse' }, { query: 'more', failed: 'unavailable' }]);
  play({ activity: 'web_search', query: '' });
  play({ text: 'so' });
  assert.equal(answer.searching, undefined);
});

test('code has no marks, and an answer without sources is its text', () => {
  const answer = answered(
    { text: '```\ncode' },
    { citation: { ...WEB, url: 'https://a.example/' } },
    { text: '\n```' },
  );
  assert.equal(markedText(answer), answer.text);
  const plain = { ...newAnswer(0), text: 'Hi \n' };
  assert.deepEqual([markedText(plain), textWithSources(plain)], ['Hi \n', 'Hi \n']);
});

test('sources of a file from elsewhere are shown as far as they can be', () => {
  const answer = answered(
    { text: 'a' },
    { citation: { ...WEB, url: 'https://a.example/', title: 'A' } },
  );
  const { sources, citations } = importedSources(JSON.parse(JSON.stringify(answer)));
  assert.deepEqual([sources, citations], [answer.sources, answer.citations]);
  for (const wrong of [null, 7, 'x', {}, [null], [7], [{ url: 7 }], [[]]]) {
    const made = importedSources({ sources: wrong, citations: wrong, searches: wrong });
    const all = { ...newAnswer(0), text: 'abc', ...made };
    assert.equal(markedText(all), 'abc');
    assert.deepEqual(citedSources(all), []);
  }
});
