// The screen stays on while an answer is written, where the browser offers that: a phone that locks itself
// would cut the connection.

/** @type {{ release: () => Promise<void> } | null} */
let lock = null;
let wanted = false;

/** @param {boolean} awake */
export async function stayAwake(awake) {
  wanted = awake;
  try {
    if (!awake) {
      await lock?.release();
      lock = null;
    } else if (!lock && !document.hidden) {
      const got = await navigator.wakeLock?.request('screen');
      if (wanted) lock = got ?? null;
      else await got?.release();
    }
  } catch {
    // a courtesy: refused at low battery
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) lock = null; // the browser has let it go
  else stayAwake(wanted);
});
