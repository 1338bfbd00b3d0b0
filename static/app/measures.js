// What the page measures of the conversation on it, while it is asked and typed: how full the model's context is.

import { contextOf } from '../model/context.js';
import { filesIn } from '../model/drafts.js';
import { showContext } from '../view/context-meter.js';
import { find } from '../view/dom.js';

/** @import { ChatController } from './chat-controller.js' */

let isListening = false;

/** Show it, and again when files are attached, or an earlier question is to be changed. @param {ChatController} chat */
export function measure(chat) {
  show(chat);
  if (isListening) return;
  isListening = true;
  const observer = new MutationObserver(() => show(chat));
  observer.observe(find('#attached'), { childList: true });
  observer.observe(find('#cancel'), { attributeFilter: ['hidden'] });
}

/** @param {ChatController} chat */
function show({ current, conversations, drafts, settings }) {
  const { model } = settings;
  if (!model?.max_input_tokens) return showContext(0);
  const place = conversations.has(current.meta.id) ? current.meta.id : '';
  const { text, editing, edits, ...more } = drafts.of(place);
  const draft = {
    text: editing ? (edits[editing] ?? '') : text,
    files: filesIn(more, editing),
    system: settings.instructionsOf(current),
  };
  showContext(contextOf(before(current.messages, editing), draft), model);
}

/** Return the messages that are sent before the question that is written. @param {import('../types.js').Message[]} messages @param {string} editing the id of the one that is changed, or '' */
function before(messages, editing) {
  const end = editing ? messages.findIndex(({ id }) => id === editing) : -1;
  const leading = end < 0 ? messages : messages.slice(0, end);
  const last = leading.findLast((message) => message.role === 'assistant');
  const from = last?.since ?? -Infinity;
  return leading.filter(({ n }) => n >= from);
}
