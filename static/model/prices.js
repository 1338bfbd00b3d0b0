// What answers cost in money, by the operator's prices. Amounts are whole numbers of a very small unit, so that sums
// are exact, however many answers there are.

import { isAnswer } from './message.js';

/** @import { Answer, Cost, Message, Price, PriceList } from '../types.js' */

/** A price per million has at most 8 decimals, those of the cache included: an amount has at most 14. */
const OF_A_PRICE = 1e8;
const OF_AN_AMOUNT = 1e14;
/** The counts of an answer's usage, and what each is paid as. @type {[string, keyof Price][]} */
const COUNTS = [
  ['input_tokens', 'input'],
  ['cache_creation_input_tokens', 'cache_write'],
  ['cache_read_input_tokens', 'cache_read'],
  ['output_tokens', 'output'],
];
const SIGNIFICANT_DIGITS = 3;
const MOST_DIGITS = 14;

/** @type {Cost} */
const NOTHING = { amount: 0n, isKnown: false, isLeast: false, isRough: false };

/** Return what these answers cost together. @param {Answer[]} answers @param {PriceList} prices */
export function costOf(answers, prices) {
  return answers.map((answer) => costOfOne(answer, prices)).reduce(sum, NOTHING);
}

/** Return what was spent today: on all answers that this browser has received. @param {Message[]} messages @param {PriceList} prices */
export function costToday(messages, prices, today = new Date()) {
  const isToday = ({ at = 0 }) => new Date(at).toDateString() === today.toDateString();
  const received = messages.filter(isAnswer).filter((answer) => answer.lastEventId > 0);
  return costOf(received.filter(isToday), prices);
}

/** @param {Answer} answer @param {PriceList} prices @returns {Cost} */
function costOfOne(answer, prices) {
  const { usage, model = answer.ask?.model ?? '' } = answer;
  if (!usage) return { ...NOTHING, isLeast: !isFree(answer) };
  const price = priceOf(model, prices);
  if (!price) return { ...NOTHING, isLeast: true };
  const searches = whole(usage.web_search_requests);
  const tokens = COUNTS.map(([count, kind]) => whole(usage[count]) * unitsOf(price[kind]));
  const searched = searches * 1000n * unitsOf(prices.web_search ?? 0);
  return {
    amount: tokens.reduce((a, b) => a + b, searched),
    isKnown: true,
    isLeast: !hasRead(usage) || (searches > 0n && prices.web_search === null),
    isRough: usage.estimated === true,
  };
}

/** Return the price of a model: that of the longest beginning of its id. @param {string} model @param {PriceList} prices */
function priceOf(model, { models }) {
  const names = Object.keys(models).filter((name) => model.startsWith(name));
  const longest = names.reduce((a, b) => (b.length > a.length ? b : a), '');
  return names.length ? models[longest] : undefined;
}

/** Return whether Claude certainly did nothing for an answer without counts. @param {Answer} answer */
function isFree({ state, problem, text, thinking }) {
  const isUnsure = ['no_connection', 'interrupted', 'protocol'].includes(problem?.code ?? '');
  return state === 'error' && !isUnsure && !text && !thinking;
}

/** @param {Record<string, any>} usage */
function hasRead(usage) {
  return COUNTS.some(([count, kind]) => kind !== 'output' && usage[count] !== undefined);
}

/** @param {Cost} a @param {Cost} b @returns {Cost} */
function sum(a, b) {
  return {
    amount: a.amount + b.amount,
    isKnown: a.isKnown || b.isKnown,
    isLeast: a.isLeast || b.isLeast,
    isRough: a.isRough || b.isRough,
  };
}

/** @param {unknown} count */
const whole = (count) =>
  BigInt(Number.isFinite(count) ? Math.max(0, Math.round(Number(count))) : 0);

/** @param {number} price */
const unitsOf = (price) => BigInt(Math.round(price * OF_A_PRICE));

/** Return an amount as the language writes money; one below the smallest coin with three digits. @param {bigint} amount @param {string} currency @param {string} language */
export function money(amount, currency, language) {
  const value = Number(amount) / OF_AN_AMOUNT;
  const style = /** @type {const} */ ({ style: 'currency', currency });
  const usual = new Intl.NumberFormat(language, style).resolvedOptions().maximumFractionDigits ?? 2;
  const needed =
    value > 0 && value < 1 ? SIGNIFICANT_DIGITS - 1 - Math.floor(Math.log10(value)) : 0;
  const digits = Math.max(usual, Math.min(needed, MOST_DIGITS));
  return new Intl.NumberFormat(language, {
    ...style,
    minimumFractionDigits: usual,
    maximumFractionDigits: digits,
  }).format(value);
}
