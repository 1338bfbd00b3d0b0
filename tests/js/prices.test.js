// What answers cost: exact sums, what is not known of them, and amounts that can be read.
import assert from 'node:assert/strict';
import test from 'node:test';

import { newAnswer, newQuestion } from '../../static/model/message.js';
import { costOf, costToday, money } from '../../static/model/prices.js';

const PRICES = {
  currency: 'USD',
  models: {
    claude: { input: 1, output: 2, cache_write: 1.25, cache_read: 0.1 },
    'claude-sonnet': { input: 3, output: 15, cache_write: 3.75, cache_read: 0.3 },
    'claude-sonnet-6': { input: 0.1, output: 0.2, cache_write: 0.125, cache_read: 0.01 },
  },
  web_search: 10,
};
const answer = (usage, more = {}) => ({
  ...newAnswer(Date.now()),
  state: 'done',
  accepted: true,
  lastEventId: 5,
  model: 'claude-sonnet-5-5',
  text: 'x',
  ...(usage && { usage }),
  ...more,
});
const cost = (answers, prices = PRICES) => costOf([answers].flat(), prices);
const dollars = (answers, prices) => money(cost(answers, prices).amount, 'USD', 'en');
const USAGE = { input_tokens: 1_000_000, output_tokens: 100_000 };

test('each count of the usage has its price', () => {
  assert.equal(dollars(answer(USAGE)), '$4.50');
  assert.equal(dollars(answer({ input_tokens: 0, cache_creation_input_tokens: 1e6 })), '$3.75');
  assert.equal(dollars(answer({ input_tokens: 0, cache_read_input_tokens: 1e6 })), '$0.30');
  assert.equal(dollars(answer({ ...USAGE, web_search_requests: 3 })), '$4.53');
  assert.equal(dollars(answer({ ...USAGE, thinking_tokens: 90_000 })), '$4.50');
});

test('the longest beginning of the id of the model counts', () => {
  const priced = (model) => dollars(answer(USAGE, { model }));
  assert.equal(priced('claude-sonnet-6-20270101'), '$0.12');
  assert.equal(priced('claude-haiku'), '$1.20');
  assert.equal(cost(answer(USAGE, { model: 'gpt' })).isKnown, false);
  assert.equal(cost(answer(USAGE, { model: 'constructor' })).isKnown, false);
  const asked = answer(USAGE, { model: undefined, ask: { model: 'claude-haiku' } });
  assert.equal(dollars(asked), '$1.20');
});

test('sums do not drift, whatever their order', () => {
  const many = Array.from({ length: 30_000 }, (_, i) =>
    answer(
      { input_tokens: 1 + (i % 3), cache_read_input_tokens: 7, output_tokens: 1 },
      {
        model: 'claude-sonnet-6',
      },
    ),
  );
  // 0.1 · 60,000 + 0.01 · 210,000 + 0.2 · 30,000 of a millionth
  const { amount } = cost(many);
  assert.equal(amount, 14_100n * 10n ** 8n);
  assert.equal(cost(many.toReversed()).amount, amount);
  assert.equal(money(amount, 'USD', 'en'), '$0.0141');
});

test('what is not known makes it the least', () => {
  const known = { isKnown: true, isLeast: false, isRough: false };
  const flags = ({ amount: _, ...others }) => others;
  assert.deepEqual(flags(cost(answer(USAGE))), known);
  assert.deepEqual(flags(cost([answer(USAGE), answer(undefined)])), { ...known, isLeast: true });
  for (const state of ['streaming', 'stopped', 'interrupted', 'done'])
    assert.equal(cost([answer(USAGE), answer(undefined, { state })]).isLeast, true, state);
  const stranger = answer(USAGE, { model: 'gpt' });
  assert.deepEqual(flags(cost([answer(USAGE), stranger])), { ...known, isLeast: true });
  assert.equal(cost(answer({ output_tokens: 5 })).isLeast, true);
  const searching = answer({ ...USAGE, web_search_requests: 1 });
  assert.equal(cost(searching, { ...PRICES, web_search: null }).isLeast, true);
  assert.deepEqual(flags(cost(answer({ ...USAGE, estimated: true }))), { ...known, isRough: true });
  assert.equal(cost([]).isKnown, false);
  assert.equal(cost(answer(undefined)).isKnown, false);
});

test('a refused question costs nothing; one that may have been asked is not known', () => {
  const failed = (code, more) =>
    answer(undefined, { state: 'error', text: '', problem: { message: 'm', code }, ...more });
  assert.equal(cost([answer(USAGE), failed('rate_limit')]).isLeast, false);
  assert.equal(cost([answer(USAGE), failed('no_connection')]).isLeast, true);
  assert.equal(cost([answer(USAGE), failed('overloaded', { text: 'x' })]).isLeast, true);
});

test('damaged counts are not counts', () => {
  for (const broken of [-5, NaN, Infinity, true, '7', null, {}, 0.2])
    assert.doesNotThrow(
      () => cost(answer({ input_tokens: broken, output_tokens: 1e6 })),
      String(broken),
    );
  assert.equal(dollars(answer({ input_tokens: -1e9, output_tokens: 1e6 })), '$15.00');
});

test('today is the local day, and what this browser has received', () => {
  const noon = new Date(2026, 2, 29, 12);
  const at = (...moment) => answer(USAGE, { at: +new Date(2026, 2, ...moment) });
  const today = [at(29, 0, 0), at(29, 23, 59)];
  const others = [at(28, 23, 59), at(30, 0, 0), { ...at(29, 12), lastEventId: 0 }];
  const messages = [...today, ...others, newQuestion('q', +noon)];
  assert.equal(money(costToday(messages, PRICES, noon).amount, 'USD', 'en'), '$9.00');
});

test('an amount is read in any currency and language, also below its smallest coin', () => {
  const shown = (value, currency = 'USD', language = 'en') =>
    money(BigInt(Math.round(value * 1e14)), currency, language).replace(/\u00a0/g, ' ');
  const amounts = [0, 0.5, 0.123456, 0.01234, 0.000999, 0.00000312, 1.239, 1234.5];
  assert.deepEqual(
    amounts.map((value) => shown(value)),
    ['$0.00', '$0.50', '$0.123', '$0.0123', '$0.000999', '$0.00000312', '$1.24', '$1,234.50'],
  );
  assert.equal(shown(0.01234, 'EUR', 'de'), '0,0123 €');
  assert.deepEqual([shown(12.3, 'JPY'), shown(0.123, 'JPY')], ['¥12', '¥0.123']);
});
