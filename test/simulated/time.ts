// Time that passes only when it is told to, so that minutes of waiting cost nothing.

export function openTime(startMs: number) {
  let elapsedMs = 0;
  let wallAheadMs = startMs;
  let timers: { readonly atMs: number; readonly callBack: () => void }[] = [];

  return {
    /** Milliseconds since the beginning, which no setting of the clock changes. */
    elapsed: () => elapsedMs,
    /** What the host's clock shows, in milliseconds since the epoch. */
    wall: () => wallAheadMs + elapsedMs,

    /** Somebody sets the host's clock. */
    jump(byMs: number): void {
      wallAheadMs += byMs;
    },

    /** As setTimeout, which takes what is too long for it as one millisecond. Returns what forgets it. */
    after(delayMs: number, callBack: () => void): () => void {
      const timer = { atMs: elapsedMs + (delayMs > 2 ** 31 - 1 ? 1 : Math.max(1, delayMs)), callBack };
      const index = timers.findIndex(({ atMs }) => atMs > timer.atMs);
      timers.splice(index < 0 ? timers.length : index, 0, timer);
      return () => {
        timers = timers.filter((candidate) => candidate !== timer);
      };
    },

    nextAtMs: () => timers[0]?.atMs,

    /** Goes on to the next timer and fires it. */
    fireNext(): void {
      const timer = timers.shift();
      if (timer === undefined) return;
      elapsedMs = timer.atMs;
      timer.callBack();
    },

    passTo(atMs: number): void {
      elapsedMs = Math.max(elapsedMs, atMs);
    },
  };
}

export type Time = ReturnType<typeof openTime>;
