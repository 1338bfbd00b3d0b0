// The page: one conversation, kept in this browser, and a button for the next.
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

import { Conversation } from './conversation.jsx';
import './page.css';
import { read, write } from './storage.js';

const CURRENT = 'usechat';

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);

function Page() {
  const [id, setId] = useState(() => read(CURRENT) ?? begin());
  return (
    <>
      <header>
        <h1>
          useChat <span>with claude-sse</span>
        </h1>
        <button className="quiet" onClick={() => setId(begin(id))}>
          New chat
        </button>
      </header>
      <Conversation key={id} id={id} />
    </>
  );
}

/** Returns the id of a new conversation; the old one is forgotten. */
function begin(old) {
  const id = crypto.randomUUID();
  if (old) write(old, null);
  write(CURRENT, id);
  return id;
}
