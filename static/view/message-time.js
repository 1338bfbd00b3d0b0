// When a message was written, in the reader's language and zone: the time, on other days the day, and at length.

import { locale } from '../system/words.js';

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();
const SAME_DAY = { timeStyle: 'short' };
const SAME_YEAR = { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' };
const LONG_AGO = { dateStyle: 'medium', timeStyle: 'short' };
const WHOLE = { dateStyle: 'full', timeStyle: 'medium' };

/** @param {HTMLTimeElement} element @param {number} at in ms; 0 is unknown */
export function showTime(element, at) {
  const date = new Date(at);
  if (!at || Number.isNaN(date.getTime())) return element.remove();
  element.dateTime = date.toISOString();
  element.textContent = format(briefly(date, new Date()), date);
  element.title = format(WHOLE, date);
}

/** @param {Date} date @param {Date} today */
function briefly(date, today) {
  if (date.toDateString() === today.toDateString()) return SAME_DAY;
  return date.getFullYear() === today.getFullYear() ? SAME_YEAR : LONG_AGO;
}

/** To make one takes long. @param {any} options @param {Date} date */
function format(options, date) {
  const key = JSON.stringify(options);
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formats.set(key, made);
  return made.format(date);
}
