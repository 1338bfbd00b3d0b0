// A chat that outlives reloads, lost connections and closed lids, in every version from ai 5.0.92 on.
import { Chat, useChat } from '@ai-sdk/react';
import { useEffect, useLayoutEffect, useState } from 'react';

import { load, onOtherTab, save } from './storage.js';
import { isLost, Transport } from './transport.js';

const THROTTLE_MS = 50;
const RECONNECT_MS = 1000;

/** Returns the chat of this id and what is to be shown of it; `notice` says more than its status. */
export function useKeptChat(id) {
  const [notice, notify] = useState(null);
  const open = (kept) => new KeptChat(id, kept, { notify, reopen: (kept) => setChat(open(kept)) });
  const [chat, setChat] = useState(() => open(load(id)));
  const { messages, status, error } = useChat({
    chat,
    id: chat.id, // ai 5 follows another chat only if this changes
    experimental_throttle: THROTTLE_MS,
  });

  useLayoutEffect(() => {
    chat.begin();
    return () => chat.pause();
  }, [chat]);
  useEffect(() => save(id, chat.kept()));
  useEffect(() => onOtherTab(id, () => chat.isIdle && setChat(open(load(id)))), [chat]);
  const isWaiting = notice?.type === 'resuming' || notice?.type === 'lost';
  const isBusy = isWaiting || status === 'submitted' || status === 'streaming';
  return { chat, messages: chat.shown(messages), isBusy, error, notice };
}

/** One connection's worth of a chat: after a lost connection the SDK needs another `Chat`. */
class KeptChat extends Chat {
  /** The ids of all answers ever received here, also of those that were replaced. */
  #answers;
  /** An answer without its end, set aside while the server sends all of it again. */
  #half = null;
  #hasBegun = false;
  #isResuming = false;
  /** The server has nothing more for the last question. */
  #isOver = false;
  #stopping;
  #timer;
  #path;
  #notify;
  #reopen;

  constructor(id, { messages, answers }, { notify, reopen }) {
    super({
      id: crypto.randomUUID(),
      messages: isHalf(messages.at(-1)) ? messages.slice(0, -1) : messages,
      transport: new Transport(id, (answer) => this.#awaits(answer)),
      onData: (part) => {
        if (part.type === 'data-error') this.#isOver = true;
        notify(part);
      },
      onError: (error) => this.#fail(error),
      onFinish: ({ isAbort, isError }) => {
        if (isAbort) this.#markAsStopped();
        if (!isError) notify(null);
      },
    });
    this.#answers = new Set(answers);
    if (isHalf(messages.at(-1))) this.#half = messages.at(-1);
    this.#path = `/api/chat/${encodeURIComponent(id)}/stream`;
    this.#notify = notify;
    this.#reopen = reopen;
  }

  /** Receives the rest of the last answer, if one is missing, without asking Claude. */
  async begin() {
    if (this.#hasBegun || this.lastMessage?.role !== 'user') return;
    this.#hasBegun = true;
    this.#notify({ type: 'resuming' });
    this.#isResuming = true;
    await this.resumeStream();
    this.#isResuming = false;
    this.messages = this.shown(this.messages);
    this.#half = null;
    this.#notify((notice) => (notice?.type === 'resuming' ? null : notice));
  }

  /** Sends a question: `{ text }`, and `messageId` if it replaces an earlier one. */
  async ask(question) {
    await this.#stopping; // a stop ends the newest answer, which must not be the next one
    this.#isOver = false;
    this.#notify(null);
    await this.sendMessage(question);
  }

  /** Answers the last question again; Claude is not asked if the server has more of its answer. */
  async again() {
    const isOpen = this.lastMessage?.role === 'user' || isHalf(this.lastMessage);
    if (isOpen && !this.#isOver) return this.#reopen(this.kept());
    await this.#stopping;
    this.#isOver = false;
    this.#notify(null);
    await this.regenerate();
  }

  /** Ends the answer here and at Claude; `stop()` alone looks to the server like a reload. */
  async end() {
    this.pause();
    this.stop();
    this.#isOver = true;
    this.#stopping = fetch(this.#path, { method: 'DELETE' }).catch(() => {});
    await this.#stopping;
  }

  /** Whether nothing is received, nor waited for. */
  get isIdle() {
    return ['ready', 'error'].includes(this.status) && !this.#isResuming && !this.#timer;
  }

  /** Waits no longer for the connection. */
  pause() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#notify((notice) => (notice?.type === 'lost' ? null : notice));
  }

  /** Returns what is to be shown of the messages: half an answer, until its repetition is longer. */
  shown(messages) {
    const last = messages.at(-1);
    if (!this.#half || !last) return messages;
    if (last.role === 'user') return [...messages, this.#half];
    const isShorter = isHalf(last) && size(last) < size(this.#half);
    return isShorter ? [...messages.slice(0, -1), this.#half] : messages;
  }

  /** Returns what the next visit needs. */
  kept() {
    const messages = this.shown(this.messages);
    for (const { id, role } of messages) if (role === 'assistant') this.#answers.add(id);
    return { messages, answers: [...this.#answers] };
  }

  /** Whether this answer is that of the last question: the newest one here may be an earlier one's. */
  #awaits(answer) {
    const isAwaited = this.#half ? answer === this.#half.id : !this.#answers.has(answer);
    this.#isOver = !answer || !isAwaited;
    return !this.#isOver;
  }

  #fail(error) {
    if (isLost(error)) {
      this.#timer = setTimeout(() => this.#reopen(this.kept()), RECONNECT_MS);
      this.#notify({ type: 'lost' });
    } else if (this.lastMessage.role === 'user' && !this.#isResuming) {
      this.#isOver = true; // the question was refused
    }
  }

  #markAsStopped() {
    const last = this.lastMessage;
    if (!isHalf(last)) return;
    const metadata = { ...last.metadata, stop_reason: 'stopped' };
    this.messages = [...this.messages.slice(0, -1), { ...last, metadata }];
  }
}

/** Whether this is an answer that did not arrive to its end. */
export function isHalf(message) {
  return message?.role === 'assistant' && !message.metadata?.stop_reason;
}

function size(message) {
  return message.parts.reduce((sum, { text = '' }) => sum + text.length, 0);
}
