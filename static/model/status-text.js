// The line of text below an answer: what it is doing, or how it ended, how fast it was and what it cost.

import { number, say } from '../system/words.js';

/** @import { Answer } from '../types.js' */

/** Why an answer is not whole, and what it does while it waits to be asked again: what has words of its own. */
const BECAUSE = ['max_tokens', 'refusal', 'model_context_window_exceeded'];

/** What stands under every answer: how it ended unless all is well, who wrote it and how long that took. @param {Answer} answer */
export function briefOf(answer) {
  const state = stateOf(answer);
  const { model, lastMs, rough } = answer;
  if (answer.state === 'streaming') return statusOf(answer);
  const facts = [
    answer.state === 'done' && state === say('status.ended.done') ? '' : state,
    answer.since !== undefined && say('status.shortened'),
    model,
    lastMs !== undefined && `${rough ? '≈ ' : ''}${seconds(lastMs)}`,
  ];
  return facts.filter(Boolean).join(' · ') || state;
}

/** Says what answers cost in money, where prices are known. @type {(answers: Answer[]) => string} */
let costInMoney = () => '';

/** @param {typeof costInMoney} inWords */
export function showCosts(inWords) {
  costInMoney = inWords;
}

/** All that is known of it. @param {Answer} answer */
export function statusOf(answer) {
  return [
    stateOf(answer),
    answer.since !== undefined && say('status.shortened'),
    ...pace(answer),
    ...cost(answer),
    answer.state !== 'streaming' && costInMoney([answer]),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Return its beginning, which is worth announcing to a screen reader. @param {Answer} answer */
export function stateOf({ stopping, state, phase, delay, said, searching, stopReason = '' }) {
  if (stopping) return say(phase === 'lost' ? 'status.unconfirmed' : 'status.ended.stopped');
  if (state === 'done' && BECAUSE.includes(stopReason)) return say(`status.because.${stopReason}`);
  if (state !== 'streaming') return say(`status.ended.${state}`);
  if (searching !== undefined) return say('status.doing.searching');
  if (phase !== 'retrying' && phase !== 'busy') return say(`status.doing.${phase}`);
  const seconds = Math.max(1, Math.ceil(delay));
  if (phase === 'retrying') return say('status.retrying', { seconds });
  return said ? say('status.said', { said, seconds }) : say('status.busy', { seconds });
}

/** Return the label above the thinking. @param {Answer} answer */
export function thoughtsOf({ thoughtMs, state, phase }) {
  if (thoughtMs !== undefined)
    return thoughtMs < 200
      ? say('status.moment')
      : say('status.thought', { time: seconds(thoughtMs) });
  return say(
    state === 'streaming' && phase === 'thinking' ? 'status.doing.thinking' : 'status.thinking',
  );
}

/** As the page has measured it; after a lost connection that is an estimate. @param {Answer} answer @returns {(string | false)[]} */
function pace({ state, text, firstMs, lastMs = firstMs, rough }) {
  if (state === 'streaming' || firstMs === undefined) return [];
  const about = rough ? '≈ ' : '';
  const wrote = Number(lastMs) - firstMs;
  const words = text.split(/\s+/).length;
  return [
    say('status.first', { time: about + seconds(firstMs) }),
    wrote > 200 &&
      words > 5 &&
      about + say('status.pace', { count: Math.round((words * 1000) / wrote) }),
  ];
}

/** @param {Answer} answer @returns {(string | undefined)[]} */
function cost({ state, model, usage }) {
  if (state === 'streaming') return [];
  if (!usage) return state === 'done' ? [model] : [];
  const about = usage.estimated ? '≈ ' : '';
  const [read, written] = tokensOf([{ usage }]);
  const cached = usage.cache_read_input_tokens
    ? ` ${say('status.cached', { count: usage.cache_read_input_tokens })}`
    : '';
  const thought = usage.thinking_tokens
    ? ` ${say('status.thoughts', { count: usage.thinking_tokens })}`
    : '';
  return [
    model,
    say('status.tokens', {
      read: about + number(read),
      cached,
      written: about + number(written),
      thought,
    }),
  ];
}

/** Return the tokens that were read and written. @param {Pick<Answer, 'usage'>[]} answers */
function tokensOf(answers) {
  let [read, written] = [0, 0];
  for (const { usage = {} } of answers) {
    read +=
      (usage.input_tokens ?? 0) +
      (usage.cache_creation_input_tokens ?? 0) +
      (usage.cache_read_input_tokens ?? 0);
    written += usage.output_tokens ?? 0;
  }
  return [read, written];
}

/** Return the running total of a conversation. @param {Answer[]} answers */
export function totalOf(answers) {
  const [read, written] = tokensOf(answers);
  const about = answers.some(({ usage }) => usage?.estimated) ? '≈ ' : '';
  if (!(read + written)) return '';
  const tokens = say('status.total', { read: about + number(read), written });
  return [tokens, costInMoney(answers)].filter(Boolean).join(' · ');
}

/** @param {number} ms */
function seconds(ms) {
  const digits = ms < 9950 ? 1 : 0;
  const short = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  if (ms < 60_000) return say('time.seconds', { seconds: number(ms / 1000, short) });
  const minutes = Math.floor(ms / 60_000);
  return say('time.minutes', { minutes, seconds: Math.round((ms % 60_000) / 1000) });
}
