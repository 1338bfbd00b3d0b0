// Drives one version of the `ai` package, as published, without React: its Chat, its transports and
// its completion. `node ai_sdk.mjs PACKAGE ADDRESSES NONCE` runs every story, four at a time, and prints
// what each has seen, as one JSON object.
//
// ADDRESSES: `server`, `cut` (a network that cuts an answer after "word2 "), `full` (a server that
// refuses).

const [, , name, addresses, nonce] = process.argv;
const { AbstractChat, DefaultChatTransport, TextStreamChatTransport, ...ai } = await import(name);
const { server, cut, full } = JSON.parse(addresses);

class State {
  statuses = [];
  seen = [];
  error = undefined;
  #status = 'ready';
  #messages;

  constructor(messages) {
    this.#messages = messages;
  }
  get status() {
    return this.#status;
  }
  set status(value) {
    this.#status = value;
    if (value !== this.statuses.at(-1)) this.statuses.push(value);
  }
  get messages() {
    return this.#messages;
  }
  set messages(value) {
    this.#messages = value;
  }
  pushMessage = (message) => (this.#messages = [...this.#messages, message]);
  popMessage = () => (this.#messages = this.#messages.slice(0, -1));
  replaceMessage = (index, message) => {
    this.#messages = this.#messages.with(index, structuredClone(message));
    for (const watch of this.watchers) watch();
  };
  watchers = new Set();
  snapshot = (value) => structuredClone(value);
}

class Chat extends AbstractChat {
  constructor({ at = server, messages = [], text = false, ...init } = {}) {
    const state = new State(messages);
    const api = `${at}/api/chat${text ? '?protocol=text' : ''}`;
    const transport = new (text ? TextStreamChatTransport : DefaultChatTransport)({
      api,
      body: { theme: 'dark' }, // a key of the page's own
      // ai 5 appends to the address what comes after its query
      prepareReconnectToStreamRequest: ({ id }) => ({ api: `${at}/api/chat/${id}/stream` }),
    });
    const data = [];
    super({
      ...init,
      state,
      transport,
      onData: (part) => data.push(part),
      onFinish: (event) => (this.finish = event),
    });
    Object.assign(this, { own: state, data, at });
  }
  ask = (order) => this.sendMessage({ text: `${order} ${nonce}.` });
  /** Resolves when the last message holds this text. */
  until = (text) =>
    new Promise((resolve) => {
      const watch = () => textOf(this.lastMessage).includes(text) && resolve();
      this.own.watchers.add(watch);
      watch();
    });
  stopAnswer = async (id = this.id) => {
    const response = await fetch(`${this.at}/api/chat/${id}/stream`, { method: 'DELETE' });
    return { status: response.status, body: await response.json() };
  };
  tell = () => ({
    statuses: [...this.own.statuses],
    error: this.error?.message,
    messages: this.messages.map(({ id, role, parts, metadata }) => ({ id, role, parts, metadata })),
    data: [...this.data],
    reason: this.finish?.finishReason,
    isAbort: this.finish?.isAbort,
    isDisconnect: this.finish?.isDisconnect,
    isError: this.finish?.isError,
  });
}

const textOf = (message) =>
  (message?.parts ?? [])
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text)
    .join('');
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';
const PACED = 'fault pace texts=20 gap_ms=10';
const LONG = 'fault pace texts=2000 gap_ms=20';

async function complete(prompt, { at = server, text = false } = {}) {
  const seen = { completion: '', error: undefined };
  await ai.callCompletionApi({
    api: `${at}/api/completion${text ? '?protocol=text' : ''}`,
    prompt: `${prompt} ${nonce}.`,
    body: { theme: 'dark' },
    streamProtocol: text ? 'text' : 'data',
    setCompletion: (completion) => (seen.completion = completion),
    setLoading() {},
    setError: (error) => (seen.error = error?.message),
    setAbortController() {},
    onFinish: (prompt, completion) => (seen.finished = completion),
    onError() {},
    fetch,
  });
  return seen;
}

const stories = {
  async streams() {
    const chat = new Chat();
    await chat.ask(PACED);
    return chat.tell();
  },

  async readsWithoutAChat() {
    const transport = new DefaultChatTransport({ api: `${server}/api/chat` });
    const message = {
      id: '1',
      role: 'user',
      parts: [{ type: 'text', text: `${PACED} ${nonce}.` }],
    };
    const stream = await transport.sendMessages({
      chatId: `without-${nonce}`,
      messages: [message],
      trigger: 'submit-message',
      abortSignal: undefined,
    });
    const texts = [];
    for await (const partial of ai.readUIMessageStream({ stream })) texts.push(textOf(partial));
    return { texts };
  },

  async reasons() {
    const chat = new Chat();
    await chat.ask('think of');
    return chat.tell();
  },

  async failsBefore() {
    const chat = new Chat();
    await chat.ask('fault bad_request');
    const failed = chat.tell();
    await chat.ask(`${PACED} first_ms=1`);
    return { failed, after: chat.tell() };
  },

  async failsInMidAnswer() {
    const chat = new Chat();
    await chat.ask('fault cut after=3');
    const failed = chat.tell();
    await chat.ask(`${PACED} first_ms=1`);
    return { failed, after: chat.tell() };
  },

  async waits() {
    const chat = new Chat();
    await chat.ask('fault overloaded times=1 retry_after=1 texts=3');
    return chat.tell();
  },

  async stops() {
    const chat = new Chat({ id: `stops-${nonce}` });
    const asking = chat.ask(`${LONG} first_ms=2`);
    await chat.until('word2 ');
    await chat.stop();
    const stopped = await chat.stopAnswer();
    await asking;
    const again = await chat.stopAnswer();
    return { ...chat.tell(), stopped, again };
  },

  async stopsByTheServer() {
    const chat = new Chat({ id: `server-stops-${nonce}` });
    const asking = chat.ask(`${LONG} first_ms=3`);
    await chat.until('word2 ');
    await chat.stopAnswer();
    await asking;
    return chat.tell();
  },

  async asksAgainWhileItRuns() {
    const chat = new Chat();
    const asking = chat.ask(`${LONG} first_ms=4`);
    await chat.until('word2 ');
    await chat.stop();
    await asking;
    await chat.ask(`${PACED} first_ms=5`);
    return chat.tell();
  },

  async regenerates() {
    const chat = new Chat();
    await chat.ask(`${PACED} first_ms=6`);
    const before = chat.tell();
    await chat.regenerate({ messageId: chat.lastMessage.id });
    return { before, after: chat.tell() };
  },

  async edits() {
    const chat = new Chat();
    await chat.ask(`${PACED} first_ms=7`);
    await chat.ask(`${PACED} first_ms=8`);
    const [{ id }] = chat.messages;
    await chat.sendMessage({ text: `${PACED} first_ms=9 ${nonce}.`, messageId: id });
    return chat.tell();
  },

  async comesBackAfterACut() {
    const id = `cut-${nonce}`;
    const first = new Chat({ id, at: cut });
    await first.ask(`fault pace texts=40 gap_ms=20`);
    const question = first.messages.slice(0, 1);
    const pages = [1, 2].map(() => new Chat({ id, messages: structuredClone(question) }));
    await Promise.all(pages.map((page) => page.resumeStream()));
    pages.push(new Chat({ id, messages: structuredClone(question) })); // it has ended by now
    await pages.at(-1).resumeStream();
    return { cut: first.tell(), back: pages.map((page) => page.tell()) };
  },

  async comesBackToNothing() {
    const chat = new Chat({ id: `unknown-${nonce}` });
    await chat.resumeStream();
    return { ...chat.tell(), stopped: await chat.stopAnswer() };
  },

  async endsAtTheLimit() {
    const chat = new Chat();
    await chat.ask('fault stop_reason reason=max_tokens');
    return chat.tell();
  },

  async isDeclined() {
    const chat = new Chat();
    await chat.ask('fault stop_reason reason=refusal');
    return chat.tell();
  },

  async sendsFiles() {
    const chat = new Chat();
    const url = `data:image/png;base64,${PIXEL}`;
    const files = [{ type: 'file', mediaType: 'image/jpeg', filename: 'dot.jpg', url }];
    await chat.sendMessage({ text: `${PACED} first_ms=13 ${nonce}.`, files });
    return chat.tell();
  },

  async sendsAnAddress() {
    const chat = new Chat();
    const url = 'https://example.com/cat.png';
    const files = [{ type: 'file', mediaType: 'image/png', filename: 'cat.png', url }];
    await chat.sendMessage({ text: 'What is it?', files });
    return chat.tell();
  },

  async isRefused() {
    const chat = new Chat({ at: full });
    await chat.ask(PACED);
    return chat.tell();
  },

  async streamsText() {
    const chat = new Chat({ text: true });
    await chat.ask(`${PACED} first_ms=10`);
    return chat.tell();
  },

  async breaksTextOff() {
    const chat = new Chat({ text: true });
    await chat.ask('fault cut after=3 gap_ms=10');
    return chat.tell();
  },

  async failsBeforeText() {
    const chat = new Chat({ text: true });
    await chat.ask('fault too_large');
    return chat.tell();
  },

  completes: () => complete(`${PACED} first_ms=11`),
  completesText: () => complete(`${PACED} first_ms=12`, { text: true }),
  completionFails: () => complete('fault cut after=3'),
  completionFailsInText: () => complete('fault cut after=3 gap_ms=10', { text: true }),
  completionIsRefused: () => complete(PACED, { at: full }),
};

const seen = {};
const late = (story) =>
  new Promise((_, reject) => setTimeout(reject, 60_000, new Error(`${story} does not end`)));
const left = Object.entries(stories);
async function playSome() {
  for (let next = left.shift(); next; next = left.shift()) {
    const [story, play] = next;
    const ended = Promise.race([play(), late(story)]);
    seen[story] = await ended.catch(({ stack, cause }) => ({ threw: `${stack}\n${cause?.stack}` }));
  }
}
// Node and the package set themselves up in their first request. The server closes a connection that
// sends nothing for five seconds, which on a busy machine that may take.
while (!(await fetch(`${server}/healthz`).catch(() => null))?.ok);
const [first, ...others] = left.splice(0);
left.push(first);
await playSome();
left.push(...others);
await Promise.all([playSome(), playSome(), playSome(), playSome()]);
console.log(JSON.stringify(seen));
process.exit(0);
