// One answer: its thinking, its text, what it cites and how it ended.
import { isHalf } from './kept-chat.js';
import { Markdown } from './markdown.jsx';

/** How an answer ended, where it was not by its own end. */
const ENDS = {
  stopped: 'Stopped.',
  max_tokens: 'Cut off at the length limit.',
  model_context_window_exceeded: 'Cut off: the conversation is as long as the model can read.',
  refusal: 'Claude declined to answer.',
};

export function Answer({ message, isBusy, onAgain }) {
  const sources = message.parts.filter(
    ({ type }) => type === 'source-url' || type === 'source-document',
  );
  return (
    <article className="answer" aria-busy={isBusy}>
      {message.parts.map((part, n) => (
        <Part key={n} part={part} isLast={isBusy && n === message.parts.length - 1} />
      ))}
      {sources.length > 0 && <Sources sources={sources} />}
      <footer>
        <span>{isBusy ? '' : end(message)}</span>
        {onAgain && !isHalf(message) && (
          <button className="quiet" onClick={onAgain}>
            Answer again
          </button>
        )}
      </footer>
    </article>
  );
}

function Part({ part, isLast }) {
  if (part.type === 'text') return <Markdown text={part.text} />;
  if (part.type !== 'reasoning' || !part.text) return null;
  return (
    <details open={isLast || undefined}>
      <summary>{isLast ? 'Thinking…' : 'Thoughts'}</summary>
      <p>{part.text}</p>
    </details>
  );
}

function Sources({ sources }) {
  return (
    <ol className="sources" aria-label="Sources">
      {sources.map(({ sourceId, url, title, providerMetadata }) => (
        <li key={sourceId}>
          {isWeb(url) ? <Link url={url} title={title} /> : title}
          {providerMetadata?.anthropic?.citedText && <q>{providerMetadata.anthropic.citedText}</q>}
        </li>
      ))}
    </ol>
  );
}

function Link({ url, title }) {
  return (
    <a href={url} target="_blank" rel="noreferrer">
      {title || url}
    </a>
  );
}

/** An answer chooses its sources' addresses: `javascript:` is none of them. */
function isWeb(url) {
  return /^https?:\/\//i.test(url ?? '');
}

function end(message) {
  if (isHalf(message)) return 'Not finished.';
  const { usage, explanation, stop_reason: reason } = message.metadata;
  const tokens = usage?.output_tokens;
  const why = explanation ?? ENDS[reason];
  return [why, tokens && `${tokens.toLocaleString('en')} tokens`].filter(Boolean).join(' ');
}
