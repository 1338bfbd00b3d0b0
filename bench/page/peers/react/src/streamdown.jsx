// The library made for this: streamdown, with its own plugins for code (shiki) and mathematics (KaTeX).
import { code } from '@streamdown/code';
import { createMathPlugin } from '@streamdown/math';
import { Streamdown } from 'streamdown';

import 'katex/dist/katex.min.css';
import 'streamdown/styles.css';

import { start } from './chat.jsx';

const plugins = { code, math: createMathPlugin({ singleDollarTextMath: true }) };

function Answer({ text }) {
  return <Streamdown plugins={plugins}>{text}</Streamdown>;
}

start(Answer);
