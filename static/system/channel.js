// What the tabs of this browser tell each other; where there is no channel for it, or it fails, a tab is alone.

export class Channel extends EventTarget {
  /** @type {BroadcastChannel | undefined} */
  #channel;

  /** @param {string} name */
  constructor(name) {
    super();
    try {
      this.#channel = new BroadcastChannel(name);
    } catch {
      return; // absent, or forbidden here
    }
    this.#channel.addEventListener('message', ({ data }) =>
      this.dispatchEvent(new MessageEvent('message', { data })),
    );
  }

  /** @param {unknown} message */
  postMessage(message) {
    try {
      this.#channel?.postMessage(message);
    } catch {
      // closed by the browser, or nothing that can be sent
    }
  }
}
