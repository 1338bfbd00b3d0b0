// The better advice: cut the answer into its blocks, and render again only those that changed.
import { marked } from 'marked';
import { memo, useMemo } from 'react';

import { start } from './chat.jsx';
import { Markdown } from './markdown.jsx';

const Block = memo(Markdown);

function Blocks({ text }) {
  const blocks = useMemo(() => marked.lexer(text).map(({ raw }) => raw), [text]);
  return blocks.map((block, n) => <Block key={n} text={block} />);
}

start(Blocks);
