// The place that the address names: the id of a conversation, or `new`.

export const shownPlace = () => location.hash.slice(2);

/** Name another place without going there: the page shows it already. @param {string} place */
export function renamePlace(place) {
  history.replaceState(null, '', `#/${place}`);
}
