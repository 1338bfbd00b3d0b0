// Which model answers in a conversation, with how much effort, and whether it may search the web.
//
// The choice belongs to the conversation. A new one begins with what was chosen last, anywhere; one that was asked
// before choices were kept, with what its last answer was asked with.

/** @import { Answer, Choice, FittedChoice, Meta, Model, RequestOptions } from '../types.js' */

/** What a model's id may have at its end, that the list does not have. */
const DATE = /^-\d{8}$/;

/**
 * Return what is chosen in a conversation.
 *
 * @param {Meta} meta
 * @param {Answer[]} answers its own, in the order in which they were asked
 * @param {Choice} last what was chosen last in this browser
 * @returns {Choice}
 */
export function choiceIn({ model, effort, webSearch }, answers, last) {
  const before = choiceOf(answers.at(-1)) ?? last;
  return {
    model: model ?? before.model,
    effort: effort ?? before.effort,
    webSearch: webSearch ?? before.webSearch,
  };
}

/** @param {Answer} [answer] @returns {Choice | undefined} */
function choiceOf(answer) {
  if (!answer) return undefined;
  const { ask = {}, model = '' } = answer;
  return {
    model: ask.model ?? model,
    effort: ask.effort ?? '',
    webSearch: ask.web_search === true,
  };
}

/**
 * Return what of a choice can be had: the default model in place of one that is not listed, and no effort or search
 * that the model does not offer. Where no list is known there is no model.
 *
 * @param {Choice} choice
 * @param {Model[]} models
 * @param {string} standard the id of the default
 * @returns {FittedChoice}
 */
export function fitted({ model, effort, webSearch }, models, standard) {
  const chosen = listed(models, model);
  const taken = chosen ?? listed(models, standard);
  return {
    model: taken,
    gone: model && taken && !chosen ? model : '',
    effort: taken?.efforts?.includes(effort) ? effort : '',
    webSearch: webSearch && taken?.web_search === true,
  };
}

/** An answer may name its model with a date. @param {Model[]} models @param {string} model */
function listed(models, model) {
  return (
    models.find(({ id }) => id === model) ??
    models.find(({ id }) => model.startsWith(id) && DATE.test(model.slice(id.length)))
  );
}

/**
 * Return what is sent of a choice. Where no list is known, a conversation goes on with its model, and a new one begins
 * with the server's default.
 *
 * @param {Choice} choice
 * @param {FittedChoice} fit
 * @param {boolean} isNew
 * @returns {RequestOptions}
 */
export function optionsOf(choice, fit, isNew) {
  const known = fit.model || isNew;
  const model = known ? fit.model?.id : choice.model;
  const effort = known ? fit.effort : choice.effort;
  return {
    ...(model && { model }),
    ...(effort && { effort }),
    ...(fit.webSearch && { web_search: true }),
  };
}
