// A record from the store or from another tab may be damaged, or written by another version of the page. It is
// repaired as far as the page needs; one without an id, a conversation or a role is dropped.

import { importedSources } from './citations.js';
import { fileRefs } from './file-refs.js';

/** @import { Answer, Message, Meta, Problem, Table } from '../types.js' */
/** @typedef {Record<string, any>} Raw */

const STATES = ['streaming', 'done', 'stopped', 'interrupted', 'error'];
const PHASES = ['waiting', 'thinking', 'writing', 'retrying', 'busy', 'reconnecting', 'lost'];

/** @param {unknown} value @returns {value is Raw} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value @returns {value is string} */
const isText = (value) => typeof value === 'string';
/** @param {unknown} value */
const isMoments = (value) => isObject(value) && Object.values(value).every(Number.isFinite);
/** What a record may have, and what that must be. @type {Record<string, (value: unknown) => boolean>} */
const OPTIONAL = {
  system: isText,
  parent: isText,
  chosen: isMoments,
  deleted: Number.isFinite,
  said: isText,
  model: isText,
  stopReason: isText,
  ask: isObject,
  usage: isObject,
  files: Array.isArray,
  sources: Array.isArray,
  citations: Array.isArray,
  searches: Array.isArray,
  searching: isText,
  leftOut: Number.isFinite,
  problem: isObject,
  thoughtAt: Number.isFinite,
  firstMs: Number.isFinite,
  lastMs: Number.isFinite,
  thoughtMs: Number.isFinite,
};

/**
 * Return the record as this page can use it, in a list; an empty list if it cannot.
 *
 * @param {Table} table
 * @param {unknown} record
 * @returns {any[]}
 */
export function repaired(table, record) {
  if (!isObject(record) || !isText(record.id) || !record.id) return [];
  /** @type {Raw | undefined} */
  const usable = table === 'conversations' ? metaOf(record) : messageOf(record);
  if (!usable) return [];
  for (const name in OPTIONAL) {
    if (name in usable && !OPTIONAL[name](usable[name])) delete usable[name];
  }
  return [usable];
}

/** @param {Raw} record @returns {Raw & Partial<Meta>} */
function metaOf(record) {
  const at = number(record.at);
  return { ...record, title: text(record.title), at, touched: number(record.touched, at) };
}

/** @param {Raw} record @returns {(Raw & Partial<Message>) | undefined} */
function messageOf(record) {
  const at = number(record.at);
  const common = { ...record, text: text(record.text), at, n: number(record.n, at) };
  if (!isText(record.conversation)) return undefined;
  if (record.role === 'user')
    return record.files ? { ...common, files: fileRefs(record.files) } : common;
  return record.role === 'assistant' ? answerOf(common) : undefined;
}

/** @param {Raw} record @returns {Raw & Partial<Answer>} */
function answerOf(record) {
  return {
    ...record,
    thinking: text(record.thinking),
    state: STATES.includes(record.state) ? record.state : 'interrupted',
    phase: PHASES.includes(record.phase) ? record.phase : 'waiting',
    delay: number(record.delay),
    lastEventId: number(record.lastEventId),
    accepted: Boolean(record.accepted),
    stopping: Boolean(record.stopping),
    ...importedSources(record),
    ...(isObject(record.problem) && { problem: problemOf(record.problem) }),
  };
}

/** @param {Raw} problem @returns {Problem} */
function problemOf(problem) {
  return {
    ...problem,
    message: text(problem.message) || 'The answer broke off.',
    code: text(problem.code),
    retryable: problem.retryable !== false,
  };
}

/** @param {unknown} value */
const text = (value) => (isText(value) ? value : '');
/** @param {any} value */
const number = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
