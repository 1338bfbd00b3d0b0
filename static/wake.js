// The screen stays on while an answer is written, where the browser offers that: a phone that locks itself
// would cut the connection.

/** @type {WakeLockSentinel | undefined} */
let lock;
let wanted = false;

export async function stayAwake(awake) {
  wanted = awake;
  try {
    if (!awake) {
      await lock?.release();
      lock = undefined;
    } else if (!lock && !document.hidden) {
      const got = await navigator.wakeLock?.request('screen');
      if (wanted) lock = got;
      else await got?.release();
    }
  } catch {
    // a courtesy: refused at low battery
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) lock = undefined; // the browser has let it go
  else stayAwake(wanted);
});
