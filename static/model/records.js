// A record from the store or from another tab may be damaged, or written by another version of the page. It is
// repaired as far as the page needs; one without an id, a conversation or a role is left alone, and counted.

import { say } from '../system/words.js';
import { importedSources } from './citations.js';
import { fileRefs } from './file-refs.js';

/** @import { Answer, Message, Meta, Problem, StoredRecord, Table } from '../types.js' */
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
  changed: Number.isFinite,
  deleted: Number.isFinite,
  pinned: Number.isFinite,
  archived: Number.isFinite,
  renamed: (value) => value === true,
  said: isText,
  model: isText,
  effort: isText,
  webSearch: (value) => typeof value === 'boolean',
  stopReason: isText,
  files: Array.isArray,
  sources: Array.isArray,
  citations: Array.isArray,
  searches: Array.isArray,
  searching: isText,
  leftOut: Number.isFinite,
  problem: isObject,
  began: Number.isFinite,
  since: Number.isFinite,
  thoughtAt: Number.isFinite,
  firstMs: Number.isFinite,
  lastMs: Number.isFinite,
  thoughtMs: Number.isFinite,
};

/**
 * Return those records that this page can use, as it can use them.
 *
 * @param {Table} table
 * @param {unknown[]} records
 * @param {Set<string>} [broken] names the others
 * @returns {any[]}
 */
export function usable(table, records, broken) {
  return records.flatMap((record, i) => {
    const found = repaired(table, record);
    if (!found.length) broken?.add(`${table}:${nameOf(record) ?? `no ${i}`}`);
    return found;
  });
}

/**
 * Return whether `other` knows better, as what two tabs have stored may differ: of an answer, that more of it has
 * arrived, or its end; of what a conversation is called and whether it is listed, that it was changed later.
 *
 * @param {StoredRecord | undefined} record
 * @param {StoredRecord | undefined} other
 */
export function isOutdated(record, other) {
  const [mine, its] = /** @type {Raw[]} */ ([record ?? {}, other ?? {}]);
  if (!mine.role && !its.role) return changedAt(its) > changedAt(mine);
  if (mine.role !== 'assistant' || its.role !== 'assistant') return false;
  const isOver = its.state !== 'streaming' && mine.state === 'streaming';
  return its.lastEventId > mine.lastEventId || (its.lastEventId === mine.lastEventId && isOver);
}

/** Of records of an earlier page, when something was asked. @param {Raw} meta */
const changedAt = ({ changed, touched = 0 }) => changed ?? touched;
/** @param {unknown} record */
const nameOf = (record) => (isObject(record) && isText(record.id) ? record.id : undefined);

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
  const whole = table === 'conversations' ? metaOf(record) : messageOf(record);
  if (!whole) return [];
  for (const [name, value] of Object.entries(whole)) {
    if (!(OPTIONAL[name] ?? isJson)(value)) delete whole[name];
  }
  return [whole];
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
    ...('ask' in record && { ask: only(record.ask, isText) }),
    ...('usage' in record && { usage: only(record.usage, isCount) }),
    ...(isObject(record.problem) && { problem: problemOf(record.problem) }),
  };
}

/** @param {Raw} problem @returns {Problem} */
function problemOf(problem) {
  return {
    ...only(problem, isFlat),
    message: text(problem.message) || say('answer.broke-off'),
    code: text(problem.code),
    retryable: problem.retryable !== false,
  };
}

/** Return the fields of such values, and no others. @param {unknown} fields @param {(value: unknown) => boolean} isGood @returns {Raw} */
function only(fields, isGood) {
  return Object.fromEntries(
    Object.entries(isObject(fields) ? fields : {}).filter(([, value]) => isGood(value)),
  );
}

/** Return whether a file can hold it; a database holds more. @param {unknown} value */
function isJson(value) {
  try {
    return isText(value) || JSON.stringify(value) !== undefined;
  } catch {
    return false; // a circle, or a number that is too big
  }
}

/** @param {unknown} value */
const isCount = (value) => Number.isFinite(value) || typeof value === 'boolean';
/** @param {unknown} value */
const isFlat = (value) => isCount(value) || isText(value);
/** @param {unknown} value */
const text = (value) => (isText(value) ? value : '');
/** @param {any} value */
const number = (value, otherwise = 0) => (Number.isFinite(value) ? value : otherwise);
