// Which model answers in a conversation, with how much effort, and whether it may search the web. The choice belongs to
// the conversation; a new one begins with what was chosen last, anywhere.

/** @import { Answer, Choice, FittedChoice, Meta, Model, RequestOptions } from '../types.js' */

/** What an answer's model may have behind its id. */
const DATE = /^-\d{8}$/;

/** Return what is chosen in a conversation; if nothing is, what its last answer was asked with. @param {Meta} meta @param {Answer[]} answers @param {Choice} last @returns {Choice} */
export function choiceIn(meta, answers, last) {
  const { ask = {}, model: wrote = '' } = answers.at(-1) ?? {};
  const asked = {
    model: ask.model ?? wrote,
    effort: ask.effort ?? '',
    webSearch: !!ask.web_search,
  };
  const { model, effort, webSearch } = answers.length ? asked : last;
  return {
    model: meta.model ?? model,
    effort: meta.effort ?? effort,
    webSearch: meta.webSearch ?? webSearch,
  };
}

/** Return what of a choice can be had: of a model that is not listed, the default. @param {Choice} choice @param {Model[]} models @param {string} standard @returns {FittedChoice} */
export function fitted({ model, effort, webSearch }, models, standard) {
  const chosen = listed(models, model);
  const taken = chosen ?? listed(models, standard);
  return {
    model: taken,
    gone: taken && !chosen ? model : '',
    effort: taken?.efforts?.includes(effort) ? effort : '',
    webSearch: webSearch && taken?.web_search === true,
  };
}

/** @param {Model[]} models @param {string} model */
function listed(models, model) {
  return (
    models.find(({ id }) => id === model) ??
    models.find(({ id }) => model.startsWith(id) && DATE.test(model.slice(id.length)))
  );
}

/** Return what is sent of a choice. Without a list a conversation keeps its model, and a new one has the default. @param {Choice} choice @param {FittedChoice} fit @param {boolean} isNew @returns {RequestOptions} */
export function optionsOf(choice, fit, isNew) {
  const { model, effort } =
    fit.model || isNew ? { model: fit.model?.id, effort: fit.effort } : choice;
  return {
    ...(model && { model }),
    ...(effort && { effort }),
    ...(fit.webSearch && { web_search: true }),
  };
}
