// What the tab says while the page is hidden: an answer is being written, is there, or failed.

import { find } from './dom.js';

/** @typedef {'' | 'writing' | 'done' | 'failed'} Sign */

/** @type {Record<Sign, string>} */
const MARKS = { '': '', writing: '… ', done: '● ', failed: '⚠ ' };
const ICONS = new Map([
  ['done', 'icon-done'],
  ['failed', 'icon-failed'],
]);

/** Return the title with the mark of this sign. @param {Sign} sign @param {string} title */
export const marked = (sign, title) => MARKS[sign] + title;

/** Show this sign at the tab's icon, and at that of an installed page. @param {Sign} sign */
export function showIcon(sign) {
  const icon = find('link[rel=icon]');
  const href = new URL(`../images/${ICONS.get(sign) ?? 'icon'}.svg`, import.meta.url).href;
  if (icon.href !== href) icon.href = href;
  const badge = /** @type {any} */ (navigator);
  const shown = ICONS.has(sign) ? badge.setAppBadge?.() : badge.clearAppBadge?.();
  shown?.catch(() => {}); // a courtesy
}
