// What answers cost, in money: loaded where the operator has given prices.

import { costOf, costToday, money } from '../model/prices.js';
import { showCosts } from '../model/status-text.js';
import { locale, say } from '../system/words.js';
import { find, make } from '../view/dom.js';

/** @import { Cost, Message, PriceList, Store } from '../types.js' */
/** @import { ChatController } from './chat-controller.js' */

/** Show from now on what each answer and the conversation cost; in the settings also this day. @param {ChatController} chat @param {PriceList} prices @param {Store} store */
export function showMoney(chat, prices, store) {
  showCosts((answers) => inWords(costOf(answers, prices), prices));
  for (const answer of chat.current.answers) chat.transcript.update(answer);
  chat.refresh();
  const spent = make('p', { className: 'hint' });
  const settings = find('#settings');
  find('#room').parentElement.after(spent);
  new MutationObserver(async () => {
    if (settings.open) spent.textContent = told(chat, prices, await store.all('messages'));
  }).observe(settings, { attributeFilter: ['open'] });
}

/** Return what this conversation has cost, and this day. @param {ChatController} chat @param {PriceList} prices @param {Message[]} messages all of this browser */
function told({ current }, prices, messages) {
  const conversation = inWords(costOf(current.allAnswers, prices), prices);
  const today = inWords(costToday(messages, prices), prices);
  return [
    conversation && say('money.conversation', { cost: conversation }),
    today && say('money.today', { cost: today }),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Return it as a phrase; '' where nothing of it is known. @param {Cost} cost @param {PriceList} prices */
function inWords({ amount, isKnown, isLeast, isRough }, { currency }) {
  if (!isKnown) return '';
  const cost = `${isRough ? '≈ ' : ''}${money(amount, currency, locale)}`;
  return isLeast ? say('money.least', { cost }) : cost;
}
