// A chat as the usual templates have it: messages in React's state, one update per text that arrives.
import { useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { ask } from './ask.js';
import './chat.css';

/** Put the chat on the page; `Markdown` shows an answer. */
export function start(Markdown) {
  createRoot(document.getElementById('root')).render(<Chat Markdown={Markdown} />);
}

function Chat({ Markdown }) {
  const [messages, setMessages] = useState([]);
  const [prompt, setPrompt] = useState('');
  const [busy, setBusy] = useState(false);
  const end = useRef(null);

  useEffect(() => {
    end.current?.scrollIntoView();
  }, [messages]);

  async function send(event) {
    event.preventDefault();
    if (busy || !prompt.trim()) return;
    setBusy(true);
    setPrompt('');
    setMessages((all) => [...all, { role: 'user', text: prompt }, { role: 'assistant', text: '' }]);
    const add = (more) => setMessages((all) => all.with(-1, { role: 'assistant', text: all.at(-1).text + more }));
    for await (const { text, error } of ask(prompt)) add(text ?? error);
    setBusy(false);
  }

  return (
    <div className="chat">
      <header>Chat</header>
      <main>
        {messages.map((message, n) => (
          <Message key={n} {...message} Markdown={Markdown} />
        ))}
        <div ref={end} />
      </main>
      <form onSubmit={send}>
        <textarea
          id="prompt"
          rows={1}
          placeholder="Ask anything"
          value={prompt}
          onChange={(event) => setPrompt(event.target.value)}
          onKeyDown={(event) => event.key === 'Enter' && !event.shiftKey && send(event)}
        />
        <button disabled={busy}>Send</button>
      </form>
    </div>
  );
}

function Message({ role, text, Markdown }) {
  return <article className={role}>{role === 'user' ? text : <Markdown text={text} />}</article>;
}
