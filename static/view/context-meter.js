// A bar above the field that says how full the model's context is: from half on, louder towards the end.

import { say } from '../system/words.js';
import { find, make } from './dom.js';

/** @import { Model } from '../types.js' */

const SHOWN_FROM = 0.5;
const WARNS_FROM = 0.8;
const URGES_FROM = 0.95;

/** @type {Record<string, any> | undefined} */
let parts;

/** Show how much of what this model can read is filled; nothing where that is not known, or little. @param {number} tokens @param {Model} [model] */
export function showContext(tokens, model) {
  const limit = model?.max_input_tokens;
  const share = limit ? tokens / limit : 0;
  if (share < SHOWN_FROM && !parts) return;
  const { root, meter, bar, note } = (parts ??= build());
  root.hidden = share < SHOWN_FROM;
  root.dataset.level = share < WARNS_FROM ? 'half' : share < URGES_FROM ? 'much' : 'full';
  const percent = Math.min(100, Math.floor(share * 100));
  const values = { percent, tokens: rounded(tokens), limit: limit ?? 0, model: model?.name ?? '' };
  meter.ariaValueNow = String(percent);
  meter.ariaValueText = meter.title = say('context.value', values);
  bar.style.inlineSize = `${percent}%`;
  const said = root.hidden || share < WARNS_FROM ? '' : sentence(share, values);
  if (note.textContent !== said) note.textContent = said;
}

/** @param {number} share @param {{ percent: number, tokens: number, limit: number, model: string }} values */
function sentence(share, values) {
  if (share >= 1) return say('context.over', values);
  return share < URGES_FROM ? say('context.much', values) : say('context.full', values);
}

/** The count is an estimate: two digits of it are enough. @param {number} tokens */
const rounded = (tokens) => Number(tokens.toPrecision(2));

function build() {
  const bar = make('span');
  const meter = make('div', { role: 'meter', ariaValueMin: '0', ariaValueMax: '100' });
  meter.ariaLabel = say('context.label');
  meter.append(bar);
  const note = make('p', { role: 'status' });
  const root = make('div', { id: 'context', hidden: true });
  root.append(meter, note);
  find('#composer .card').before(root);
  return { root, meter, bar, note };
}
