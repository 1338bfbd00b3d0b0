// Stops answers on the server, and reads the terminal frames: how an answer ended and what it cost.

import { stop } from '../network/stop.js';
import { StreamError } from '../network/stream-error.js';
import { follow } from '../network/stream.js';

/** @import { Conversation } from '../model/conversation.js' */
/** @import { Answer } from '../types.js' */
/**
 * @typedef {{
 *   wake: EventTarget,
 *   onChange: (conversation: Conversation, answer: Answer) => void,
 *   onSignedOut: () => void,
 *   urlOf: (answer: Answer) => string,
 * }} Options
 */

/** How long the terminal frames of a stopped answer are waited for. */
const TERMINAL_FRAMES_MS = 5_000;

export class AnswerStopper {
  /** The ids of answers whose stop the server has not confirmed. @type {Set<string>} */
  #unconfirmed = new Set();
  #options;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
  }

  /** Send the DELETE until it is confirmed, then end the answer. @param {Conversation} conversation @param {Answer} answer */
  async finish(conversation, answer) {
    if (this.#unconfirmed.has(answer.id)) return;
    this.#unconfirmed.add(answer.id);
    const { urlOf, wake, onChange } = this.#options;
    const onLost = (/** @type {number} */ status) => this.#lost(conversation, answer, status);
    const reply = await stop(urlOf(answer), { onLost, wake });
    this.#unconfirmed.delete(answer.id);
    if (reply && !(reply.ended && reply.last_event_id <= answer.lastEventId))
      await this.#readTerminalFrames(conversation, answer);
    if (answer.state === 'streaming') conversation.end(answer, 'stopped');
    onChange(conversation, answer);
  }

  /** Until the server confirms, Claude may go on writing: the reader must know. @param {Conversation} conversation @param {Answer} answer @param {number} status */
  #lost(conversation, answer, status) {
    if (status === 401) this.#options.onSignedOut(); // the next attempt follows the sign-in
    conversation.setPhase(answer, 'lost');
    this.#options.onChange(conversation, answer);
  }

  /** @param {Conversation} conversation @param {Answer} answer */
  async #readTerminalFrames(conversation, answer) {
    const { urlOf, wake, onChange } = this.#options;
    const signal = AbortSignal.timeout(TERMINAL_FRAMES_MS);
    const { lastEventId } = answer;
    try {
      for await (const event of follow(urlOf(answer), { signal, lastEventId, wake })) {
        if (event.type !== 'frame') continue;
        conversation.apply(answer, event.id, event.data);
        onChange(conversation, answer);
      }
    } catch (error) {
      if (!(error instanceof StreamError)) console.error(error); // it is stopped all the same
    }
  }
}
