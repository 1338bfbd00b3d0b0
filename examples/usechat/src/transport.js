// The way to claude-sse, with the failures that the SDK does not know.
import { DefaultChatTransport } from 'ai';

/** The server sends something every 10 s: a silence of this length is a lost connection. */
const SILENCE_MS = 30_000;
/** What browsers call a lost connection; the SDK's `isDisconnect` does not know all of it. */
const LOST = /fetch|network|load failed|input stream/i;
/** What a proxy answers while its server restarts. */
const GATEWAY = [502, 503, 504];

/** Whether a connection was lost, so that the answer may go on. */
export function isLost(error) {
  return error instanceof TypeError && LOST.test(error.message);
}

/** Resumes only an answer that `awaits(id)`: the newest one of a chat may be that of an earlier question. */
export class Transport extends DefaultChatTransport {
  #chatId;
  #awaits;

  constructor(chatId, awaits) {
    super({ fetch: reach });
    this.#chatId = chatId;
    this.#awaits = awaits;
  }

  sendMessages(options) {
    return super.sendMessages({ ...options, chatId: this.#chatId });
  }

  async reconnectToStream(options) {
    const stream = await super.reconnectToStream({ ...options, chatId: this.#chatId });
    const [peeked, whole] = stream?.tee() ?? [];
    const reader = peeked?.getReader();
    const start = await reader?.read();
    reader?.cancel();
    if (this.#awaits(start?.value?.messageId)) return whole;
    whole?.cancel();
    return null;
  }
}

/** Fetches from claude-sse, whose refusals have a code: what has none is said by a proxy. */
async function reach(...request) {
  const response = await fetch(...request);
  if (response.status === 200) return new Response(watched(response.body), response);
  if (response.ok || response.headers.has('X-Error-Code')) return response;
  if (GATEWAY.includes(response.status)) throw new TypeError('network error');
  throw new Error(`The server cannot be reached: its proxy says ${response.status}.`);
}

/** Returns the same bytes, and an error where none come for long, as after the sleep of a laptop. */
function watched(body) {
  let timer;
  function wait(controller) {
    clearTimeout(timer);
    timer = setTimeout(() => controller.error(new TypeError('network error')), SILENCE_MS);
  }

  return body.pipeThrough(
    new TransformStream({
      start: wait,
      transform(bytes, controller) {
        wait(controller);
        controller.enqueue(bytes);
      },
      flush: () => clearTimeout(timer),
    }),
  );
}
