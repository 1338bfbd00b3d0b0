// Channels between the tabs of a browser, on time that a test lets pass: a busy machine makes no tab late.
import { settle } from './fake-time.js';

/** Return how tabs of one browser reach each other: `open(delay)` a channel whose messages take so many ms. */
export function tabChannels(t) {
  t.mock.timers.reset();
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const channels = new Set();
  const open = (delay = 1) => {
    const channel = new EventTarget();
    const tell = (data) => {
      if (!channels.has(channel)) return;
      for (const one of channels)
        if (one !== channel)
          one.dispatchEvent(Object.assign(new Event('message'), { data: structuredClone(data) }));
    };
    channel.postMessage = (data) => setTimeout(() => tell(data), delay);
    channel.close = () => channels.delete(channel);
    channels.add(channel);
    return channel;
  };
  /** Let so many ms pass. */
  const pass = async (ms) => {
    for (let passed = 0; passed < ms; passed += 10) {
      t.mock.timers.tick(10);
      await settle();
    }
  };
  /** Let time pass until this resolves. */
  const until = async (promise) => {
    let isOver = false;
    const done = promise.finally(() => (isOver = true));
    while (!isOver) await pass(10);
    return done;
  };
  return { open, pass, until };
}
