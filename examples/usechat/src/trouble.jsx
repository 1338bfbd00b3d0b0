// What is to be said below the last message: what is waited for, what went wrong, what can be done.
import { isHalf } from './kept-chat.js';

export function Trouble({ messages, isBusy, error, notice, onAgain }) {
  if (notice?.type === 'lost')
    return <Waiting>The connection is lost. The answer goes on when it is back.</Waiting>;
  if (isBusy) return isEmpty(messages.at(-1)) && <Waiting>{reason(notice)}</Waiting>;
  const sentence =
    error?.message ?? (isOpen(messages.at(-1)) && 'This question has no whole answer.');
  if (!sentence) return null;
  return (
    <section className="trouble" role="alert">
      <p>{sentence}</p>
      {notice?.data?.retryable !== false && <button onClick={onAgain}>Try again</button>}
    </section>
  );
}

function Waiting({ children }) {
  return (
    <p className="waiting" role="status">
      {children}
    </p>
  );
}

function reason(notice) {
  if (notice?.type !== 'data-waiting') return 'Waiting for Claude…';
  return `Claude is busy (${notice.data.code}): asking again in ${notice.data.waiting} s.`;
}

/** Nothing of the answer is there yet. */
function isEmpty(message) {
  return message?.role !== 'assistant' || !message.parts.some(({ text }) => text);
}

/** The last question was not answered to the end. */
function isOpen(message) {
  return message && (message.role === 'user' || isHalf(message));
}
