// In what order conversations are listed, and under which headings: what is pinned, then by the days of the reader's
// calendar, and at the end what is archived.

/** @import { Meta } from '../types.js' */
/** @typedef {{ key: string, metas: Meta[] }} Section `key`: pinned, today, yesterday, week, month, a month as `2026-03`, archived */

const [WEEK_DAYS, MONTH_DAYS] = [7, 30];

/** Return the sections that are not empty, in order. @param {Meta[]} metas the newest first @param {number} now */
export function sectionsOf(metas, now) {
  const dayOf = calendar(now);
  /** @type {Map<string, Meta[]>} */
  const sections = new Map([['pinned', []]]);
  for (const meta of metas.filter(({ archived }) => !archived)) {
    const key = meta.pinned ? 'pinned' : dayOf(meta.touched);
    sections.set(key, [...(sections.get(key) ?? []), meta]);
  }
  sections.set(
    'archived',
    metas.filter(({ archived }) => archived),
  );
  const all = Array.from(sections, ([key, some]) => ({ key, metas: some }));
  return all.filter((section) => section.metas.length);
}

/** Return a function that names the section of a moment; days begin at local midnight, whatever the clocks do. @param {number} now */
function calendar(now) {
  const today = new Date(now);
  const [year, month, day] = [today.getFullYear(), today.getMonth(), today.getDate()];
  const daysAgo = (/** @type {number} */ days) => new Date(year, month, day - days).getTime();
  const begins = { today: daysAgo(0), yesterday: daysAgo(1) };
  const [week, recent] = [daysAgo(WEEK_DAYS), daysAgo(MONTH_DAYS)];
  return (/** @type {number} */ moment) => {
    if (moment >= begins.today) return 'today'; // also what a clock that was wrong has dated ahead
    if (moment >= begins.yesterday) return 'yesterday';
    if (moment >= week) return 'week';
    return moment >= recent ? 'month' : monthOf(new Date(moment));
  };
}

/** @param {Date} date */
const monthOf = (date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`;

/** Return the first day of a section's month; undefined for the other sections. @param {string} key */
export function monthIn(key) {
  const [, year, month] = /^(\d+)-(\d\d)$/.exec(key) ?? [];
  return year ? new Date(Number(year), Number(month) - 1, 1) : undefined;
}

/** Return in how many ms the local day ends. @param {number} now */
export function untilMidnight(now) {
  const today = new Date(now);
  const next = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1);
  return Math.max(1, next.getTime() - now);
}
