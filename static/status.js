// The one line below an answer: what it is doing now, or how it ended and what it cost.

/** @import { Answer } from './types.js' */

/** @param {Answer} answer @returns {string} */
export function statusOf(answer) {
  if (answer.stopping) return 'Stopped';
  return [answer.state === 'streaming' ? doing(answer) : outcome(answer), answer.replaced && 'asked again below', ...cost(answer)]
    .filter(Boolean)
    .join(' · ');
}

/** @param {Answer} answer */
function doing({ phase, delay }) {
  const seconds = Math.max(1, Math.ceil(delay));
  switch (phase) {
    case 'thinking': return 'Thinking…';
    case 'writing': return 'Writing…';
    case 'retrying': return `Claude is busy, trying again in ${seconds} s…`;
    case 'busy': return `Busy, trying again in ${seconds} s…`;
    case 'reconnecting': return 'Connection lost, reconnecting…';
    case 'lost': return 'Not connected';
    default: return 'Waiting for Claude…';
  }
}

/** @param {Answer} answer */
function outcome({ state, stopReason }) {
  if (state === 'stopped') return 'Stopped';
  if (state === 'interrupted') return 'Interrupted';
  if (state === 'error') return 'Failed';
  switch (stopReason) {
    case 'max_tokens': return 'Cut off at the length limit';
    case 'model_context_window_exceeded': return 'Cut off: the conversation is full';
    case 'refusal': return 'Claude declined to answer';
    default: return 'Done';
  }
}

/** @param {Answer} answer */
function cost({ state, model, usage }) {
  if (state === 'streaming') return [];
  if (!usage) return state === 'done' ? [model] : [];
  const read = (usage.input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0) + (usage.cache_read_input_tokens ?? 0);
  const about = usage.estimated ? 'about ' : '';
  return [model, `${about}${count(read)} tokens in, ${count(usage.output_tokens ?? 0)} out`];
}

/** @param {number} number */
function count(number) {
  return number.toLocaleString('en');
}
