// The screen stays on while an answer is written, where the browser offers that: a phone that locks itself
// would cut the connection.

/** @type {Promise<WakeLockSentinel | void> | undefined} requested once, or two calls would hold two locks */
let lock;
let wanted = false;

/** Keep the screen on, or let it go. @param {boolean} awake */
export function stayAwake(awake) {
  wanted = awake;
  if (!awake) {
    lock?.then((held) => held?.release());
    lock = undefined;
  } else if (!document.hidden) {
    lock ??= navigator.wakeLock?.request('screen').catch(() => {}); // a courtesy: refused at low battery
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden)
    lock = undefined; // the browser has released it
  else stayAwake(wanted);
});
