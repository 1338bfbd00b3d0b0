// A page of another origin that uses the AI SDK; its address says where the API is, and the token.
import { useChat } from '@ai-sdk/react';
import { DefaultChatTransport } from 'ai';
import { createRoot } from 'react-dom/client';

const { api, token, resume } = Object.fromEntries(new URLSearchParams(location.search));
const transport = new DefaultChatTransport({ api, headers: { Authorization: `Bearer ${token}` } });

function Page() {
  const chat = useChat({ id: 'elsewhere', transport, resume: resume === 'yes' });
  const ask = (event) => {
    event.preventDefault();
    void chat.sendMessage({ text: event.target.prompt.value });
  };
  const texts = chat.messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts.filter(({ type }) => type === 'text'));
  return (
    <form onSubmit={ask}>
      <input name="prompt" aria-label="Question" />
      <p id="answer">{texts.map(({ text }) => text).join('')}</p>
      <p id="status">{chat.status}</p>
      <p role="alert">{chat.error?.message}</p>
    </form>
  );
}

createRoot(document.body.appendChild(document.createElement('main'))).render(<Page />);
