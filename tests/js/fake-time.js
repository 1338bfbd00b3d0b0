// Time that a test lets pass, in which everything that waits for a promise has its turn.

/** Let what waits for promises go on, until nothing does. */
export async function settle() {
  for (let n = 0; n < 100; n += 1) await Promise.resolve();
}

/** Let seconds pass on the mocked timers of a test. */
export async function pass(t, seconds) {
  for (let n = 0; n < seconds; n += 1) {
    await settle();
    t.mock.timers.tick(1_000);
  }
  await settle();
}
