// Hooks of the AI SDK, each in a component of its own, which a test starts and reads by name.
import { useChat, useCompletion } from '@ai-sdk/react';
import { DefaultChatTransport, TextStreamChatTransport } from 'ai';
import { StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { Completion } from './documented/completion.jsx';
import { Page } from './documented/page.jsx';
import { Stoppable } from './documented/stop.jsx';
import { TextPage } from './documented/text.jsx';

const KINDS = { Chatting, Completing, Completion, Page, Stoppable, TextPage };
let mount;
const seen = {};
window.probe = {
  begin: (name, kind, options = {}) => mount({ name, kind, options }),
  read: (name) => ({ ...seen[name], hook: undefined }),
  /** Calls a function of the hook. */
  call: (name, method, ...args) => void seen[name].hook[method](...args),
};

createRoot(document.body.appendChild(document.createElement('main'))).render(
  <StrictMode>
    <Stage />
  </StrictMode>,
);

function Stage() {
  const [stories, setStories] = useState([]);
  useEffect(() => {
    mount = (story) => setStories((all) => [...all, story]);
    window.probe.isReady = true;
  }, []);
  return stories.map(({ name, kind, options }) => {
    const Kind = KINDS[kind];
    return (
      <section key={name} id={name}>
        <Kind name={name} options={options} />
      </section>
    );
  });
}

function Chatting({ name, options: { api, isText, ...options } }) {
  const [transport] = useState(
    () => new (isText ? TextStreamChatTransport : DefaultChatTransport)({ api }),
  );
  const hook = useChat({
    ...options,
    transport,
    onData: (part) => seen[name].data.push(part),
    onFinish: ({ isAbort, isDisconnect, isError }) =>
      seen[name].ends.push({ isAbort, isDisconnect, isError }),
  });
  note(name, hook, { messages: hook.messages, status: hook.status });
}

function Completing({ name, options }) {
  const hook = useCompletion(options);
  note(name, hook, { completion: hook.completion, status: hook.isLoading ? 'streaming' : 'ready' });
}

/** Remembers what the hook has now and what it had: each status, and each text of the last answer. */
function note(name, hook, now) {
  const before = seen[name] ?? { statuses: [], texts: [], drawn: [], data: [], ends: [] };
  const { statuses, texts, drawn } = before;
  const text = now.completion ?? textOf(now.messages.at(-1));
  if (statuses.at(-1) !== now.status) statuses.push(now.status);
  if (texts.at(-1) !== text) {
    texts.push(text);
    drawn.push(performance.now());
  }
  seen[name] = { ...before, ...now, hook, error: hook.error?.message ?? null };
}

function textOf(message) {
  return message?.role === 'assistant' ? message.parts.map(({ text }) => text ?? '').join('') : '';
}
