// The browser's notifications: one for each answer, and none while a tab of the page is seen. The service worker shows
// them, as phones want it; where there is none, the tab does.

/** @typedef {{ title: string, body: string, tag: string, icon: string, place: string }} Told `place`: the conversation to open. */

const ROOT = new URL('../../../', import.meta.url).href;
const { Notification: Shown } = /** @type {any} */ (globalThis);

/** Whether the reader has allowed them: `granted`, `denied`, or `default`, when they can be asked; or they are `absent`. @returns {string} */
export const permission = () => (globalThis.isSecureContext && Shown?.permission) || 'absent';

/** Ask the reader; resolves to what they said. @returns {Promise<string>} */
export async function ask() {
  try {
    return await Shown.requestPermission();
  } catch {
    return permission();
  }
}

/** Tell of an answer; `open` is called with its place when the reader wants to see it. @param {Told} told @param {(place: string) => void} open */
export async function tell(told, open) {
  const registration = await registered();
  if (registration?.active) return registration.active.postMessage({ tell: told });
  const { title, place, ...options } = told;
  try {
    const shown = new Shown(title, options);
    shown.onclick = () => {
      shown.close();
      open(place);
    };
  } catch {
    // a phone without the service worker
  }
}

/** Call this with the place of a notification that the reader has chosen. @param {(place: string) => void} open */
export function listen(open) {
  const { serviceWorker } = navigator;
  serviceWorker?.addEventListener('message', ({ data }) => data?.open && open(data.open));
  serviceWorker?.startMessages();
}

/** Take back what was told: the reader has come. @param {string[]} tags */
export async function withdraw(tags) {
  const registration = await registered();
  for (const tag of tags)
    for (const shown of (await registration?.getNotifications({ tag })) ?? []) shown.close();
}

async function registered() {
  const found = await navigator.serviceWorker?.getRegistration(ROOT).catch(() => undefined);
  return found?.scope === ROOT ? found : undefined;
}
