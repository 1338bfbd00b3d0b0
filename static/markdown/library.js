// All that turns answers into Markdown, as the page uses it; loaded when there is an answer, or soon will be.

import { load } from '../system/parts.js';
import { typesetting } from './formula.js';
import { Highlighter } from './highlight.js';

export { sourceOfCode } from './code-block.js';
export { createRenderer } from './renderer.js';

export const highlighter = new Highlighter();
export const typeset = typesetting(() => load('markdown/typesetter.js'));
/** Loads what makes rich text. */
export const copying = () => load('markdown/copied.js');
