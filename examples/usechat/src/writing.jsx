// The place to write a question, or to change one; while an answer comes, the way to stop it.
import { useState } from 'react';

export function Writing({ edited, isBusy, onAsk, onStop, onCancel }) {
  const [text, setText] = useState(edited ?? '');

  function submit(event) {
    event.preventDefault();
    if (isBusy || !text.trim()) return;
    onAsk(text);
    setText('');
  }

  function onKeyDown(event) {
    if (event.key === 'Escape' && edited) onCancel();
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event);
  }

  return (
    <form aria-label="Write" onSubmit={submit}>
      {edited && (
        <p>
          Editing: what follows this question is replaced.
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        </p>
      )}
      <div>
        <textarea
          aria-label="Question"
          placeholder="Ask anything"
          rows={1}
          autoFocus
          value={text}
          onFocus={({ target }) =>
            target.setSelectionRange(target.value.length, target.value.length)
          }
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {isBusy ? (
          <button type="button" onClick={onStop}>
            Stop
          </button>
        ) : (
          <button disabled={!text.trim()}>Send</button>
        )}
      </div>
    </form>
  );
}
