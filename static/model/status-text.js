// The line of text below an answer: what it is doing, or how it ended, how fast it was and what it cost.

/** @import { Answer } from '../types.js' */

const DOING = {
  waiting: 'Waiting for Claude…',
  thinking: 'Thinking…',
  writing: 'Writing…',
  lost: 'Not connected',
  reconnecting: 'Connection lost, reconnecting…',
  retrying: 'Claude is busy',
  busy: 'Busy',
};
const ENDED = { stopped: 'Stopped', interrupted: 'Interrupted', error: 'Failed', done: 'Done' };
/** @type {Record<string, string>} */
const ENDED_BECAUSE = {
  max_tokens: 'Cut off at the length limit',
  refusal: 'Claude declined to answer',
  model_context_window_exceeded: 'Cut off: the conversation is full',
};

const SHORTENED = 'asked with the last turns only';
const UNCONFIRMED =
  'Stopped here; the server cannot be told yet, so Claude may write on. Trying again…';

/** What stands under every answer: how it ended unless all is well, who wrote it and how long that took. @param {Answer} answer */
export function briefOf(answer) {
  const state = stateOf(answer);
  const { model, lastMs, rough } = answer;
  if (answer.state === 'streaming') return statusOf(answer);
  const facts = [
    answer.state === 'done' && state === ENDED.done ? '' : state,
    answer.since !== undefined && SHORTENED,
    model,
    lastMs !== undefined && `${rough ? '≈ ' : ''}${seconds(lastMs)}`,
  ];
  return facts.filter(Boolean).join(' · ') || state;
}

/** All that is known of it. @param {Answer} answer */
export function statusOf(answer) {
  return [
    stateOf(answer),
    answer.since !== undefined && SHORTENED,
    ...pace(answer),
    ...cost(answer),
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Return its beginning, which is worth announcing to a screen reader. @param {Answer} answer */
export function stateOf({ stopping, state, phase, delay, said, searching, stopReason = '' }) {
  if (stopping) return phase === 'lost' ? UNCONFIRMED : ENDED.stopped;
  if (state !== 'streaming') return (state === 'done' && ENDED_BECAUSE[stopReason]) || ENDED[state];
  if (searching !== undefined) return 'Searching the web…';
  if (phase !== 'retrying' && phase !== 'busy') return DOING[phase];
  const wait = `${Math.max(1, Math.ceil(delay))} s…`;
  return phase === 'busy' && said
    ? `${said} Trying again in ${wait}`
    : `${DOING[phase]}, trying again in ${wait}`;
}

/** Return the label above the thinking. @param {Answer} answer */
export function thoughtsOf({ thoughtMs, state, phase }) {
  if (thoughtMs !== undefined)
    return `Thought for ${thoughtMs < 200 ? 'a moment' : seconds(thoughtMs)}`;
  return state === 'streaming' && phase === 'thinking' ? 'Thinking…' : 'Thinking';
}

/** As the page has measured it; after a lost connection that is an estimate. @param {Answer} answer @returns {(string | false)[]} */
function pace({ state, text, firstMs, lastMs = firstMs, rough }) {
  if (state === 'streaming' || firstMs === undefined) return [];
  const about = rough ? '≈ ' : '';
  const wrote = Number(lastMs) - firstMs;
  const words = text.split(/\s+/).length;
  return [
    `first word ${about}${seconds(firstMs)}`,
    wrote > 200 && words > 5 && `${about}${Math.round((words * 1000) / wrote)} words/s`,
  ];
}

/** @param {Answer} answer @returns {(string | undefined)[]} */
function cost({ state, model, usage }) {
  if (state === 'streaming') return [];
  if (!usage) return state === 'done' ? [model] : [];
  const about = usage.estimated ? '≈ ' : '';
  const [read, written] = tokensOf([{ usage }]);
  const cached = usage.cache_read_input_tokens
    ? ` (${count(usage.cache_read_input_tokens)} cached)`
    : '';
  const thought = usage.thinking_tokens ? ` (${count(usage.thinking_tokens)} thinking)` : '';
  return [
    model,
    `${about}${count(read)} tokens in${cached}, ${about}${count(written)} out${thought}`,
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
  return read + written ? `${about}${count(read)} tokens in, ${count(written)} out so far` : '';
}

/** @param {number} ms */
function seconds(ms) {
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {number} number */
const count = (number) => number.toLocaleString('en');
