// What comes from a store or from another tab may be damaged, or written by another version of the page. A record
// is repaired as far as the page needs it to be; what has no id, no place or no author is none.

/** @import { Message, Meta, Table } from '../types.js' */

const STATES = ['streaming', 'done', 'stopped', 'interrupted', 'error'];
const PHASES = ['waiting', 'thinking', 'writing', 'retrying', 'busy', 'reconnecting', 'lost'];

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value) => typeof value === 'string';
/** What a record may have, and what it then must be. */
const OPTIONAL = {
  system: isText,
  said: isText,
  model: isText,
  stopReason: isText,
  ask: isObject,
  usage: isObject,
  problem: isObject,
  thoughtAt: Number.isFinite,
  firstMs: Number.isFinite,
  lastMs: Number.isFinite,
  thoughtMs: Number.isFinite,
};

/** The record as this page can use it, in a list; an empty one where it cannot. @param {Table} table @returns {any[]} */
export function sound(table, record) {
  if (!isObject(record) || !isText(record.id) || !record.id) return [];
  const whole = table === 'conversations' ? metaOf(record) : messageOf(record);
  if (!whole) return [];
  for (const name in OPTIONAL)
    if (name in whole && !OPTIONAL[name](whole[name])) delete whole[name];
  return [whole];
}

/** @returns {Meta} */
function metaOf(record) {
  const at = number(record.at);
  return { ...record, title: text(record.title), at, touched: number(record.touched, at) };
}

/** @returns {Message | undefined} */
function messageOf(record) {
  const at = number(record.at);
  const common = { ...record, text: text(record.text), at, n: number(record.n, at) };
  if (!isText(record.conversation)) return undefined;
  if (record.role === 'user') return common;
  if (record.role !== 'assistant') return undefined;
  return {
    ...common,
    thinking: text(record.thinking),
    state: STATES.includes(record.state) ? record.state : 'interrupted',
    phase: PHASES.includes(record.phase) ? record.phase : 'waiting',
    delay: number(record.delay),
    lastEventId: number(record.lastEventId),
    accepted: Boolean(record.accepted),
    stopping: Boolean(record.stopping),
    replaced: Boolean(record.replaced),
    ...(isObject(record.problem) && { problem: problemOf(record.problem) }),
  };
}

function problemOf(problem) {
  return {
    ...problem,
    message: text(problem.message) || 'The answer broke off.',
    code: text(problem.code),
    retryable: problem.retryable !== false,
  };
}

const text = (value) => (isText(value) ? value : '');
const number = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
