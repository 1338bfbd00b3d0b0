// What else counts as Markdown: other modules register it here, and this module knows none of them.

/** @import { BlockRule, DrawRule, InlineRule, MarkdownExtension } from '../../types.js' */

/** What an inline rule returns where the text may still become its own: it is hidden until it is decided. */
export const HELD = Symbol('held');

/** @type {Map<string, InlineRule[]>} by the first character */
export const inlineRules = new Map();
/** @type {BlockRule[]} */
export const blockRules = [];
/** @type {Map<string, DrawRule>} by the type of a token */
export const drawRules = new Map();

/** @param {MarkdownExtension} extension */
export function register({ inline = {}, block, draw = {} }) {
  for (const [first, rule] of Object.entries(inline))
    inlineRules.set(first, [...(inlineRules.get(first) ?? []), rule]);
  if (block) blockRules.push(block);
  for (const [type, rule] of Object.entries(draw)) drawRules.set(type, rule);
}
