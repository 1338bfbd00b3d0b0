// The answer is one document, parsed again with each text: what most tutorials and templates do.
import { start } from './chat.jsx';
import { Markdown } from './markdown.jsx';

start(Markdown);
