// How most pages show an answer: react-markdown, tables and lists by remark-gfm, colours by highlight.js.
import ReactMarkdown from 'react-markdown';
import rehypeHighlight from 'rehype-highlight';
import remarkGfm from 'remark-gfm';

import 'highlight.js/styles/github.css';

const remarkPlugins = [remarkGfm];
const rehypePlugins = [rehypeHighlight];

export function Markdown({ text }) {
  return (
    <ReactMarkdown remarkPlugins={remarkPlugins} rehypePlugins={rehypePlugins}>
      {text}
    </ReactMarkdown>
  );
}
