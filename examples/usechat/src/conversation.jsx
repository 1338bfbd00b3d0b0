// Questions and answers, and the place to write the next question.
import { useEffect, useRef, useState } from 'react';

import { Answer } from './answer.jsx';
import { useKeptChat } from './kept-chat.js';
import { Trouble } from './trouble.jsx';
import { Writing } from './writing.jsx';

const EXAMPLES = [
  'Explain how you stream',
  'Show me some code',
  'Think about a riddle',
  'Write a long essay',
];

export function Conversation({ id }) {
  const { chat, messages, isBusy, error, notice } = useKeptChat(id);
  const [edited, setEdited] = useState(null);

  function ask(text) {
    setEdited(null);
    chat.ask({ text, messageId: edited?.id });
  }

  return (
    <>
      <main aria-live="polite" aria-busy={isBusy}>
        {messages.length === 0 && <Welcome onChoose={ask} />}
        {messages.map((message, n) =>
          message.role === 'user' ? (
            <Question
              key={message.id}
              message={message}
              onEdit={isBusy ? null : () => setEdited(message)}
            />
          ) : (
            <Answer
              key={message.id}
              message={message}
              isBusy={isBusy && n === messages.length - 1}
              onAgain={isBusy || n < messages.length - 1 ? null : () => chat.again()}
            />
          ),
        )}
        <Trouble
          messages={messages}
          isBusy={isBusy}
          error={error}
          notice={notice}
          onAgain={() => chat.again()}
        />
        <End follow={messages} />
      </main>
      <Writing
        key={edited?.id}
        edited={edited && textOf(edited)}
        isBusy={isBusy}
        onAsk={ask}
        onStop={() => chat.end()}
        onCancel={() => setEdited(null)}
      />
    </>
  );
}

function Welcome({ onChoose }) {
  return (
    <section className="welcome">
      <h2>What would you like to know?</h2>
      <p>A page with React and the AI SDK. Reload it in mid-answer: the answer goes on.</p>
      <div>
        {EXAMPLES.map((example) => (
          <button key={example} onClick={() => onChoose(example)}>
            {example}
          </button>
        ))}
      </div>
    </section>
  );
}

function Question({ message, onEdit }) {
  return (
    <article className="question">
      <p>{textOf(message)}</p>
      {onEdit && (
        <button className="quiet" onClick={onEdit}>
          Edit
        </button>
      )}
    </article>
  );
}

/** Keeps the end of the conversation in view, unless the reader has scrolled away from it. */
function End({ follow }) {
  const end = useRef(null);
  const isSeen = useRef(true);

  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => (isSeen.current = entry.isIntersecting));
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (isSeen.current) end.current.scrollIntoView({ block: 'end' });
  }, [follow]);
  return <div ref={end} className="end" />;
}

function textOf({ parts }) {
  return parts.map(({ text = '' }) => text).join('');
}
