/** Time as the worker sees it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back once after a while; returns what forgets it. */
  after(delayMs: number, callBack: () => void): () => void;
}

/**
 * The host's clock as it was when this was called, and from there on by the time that has passed: what waits for
 * its next try is not held up for an hour because somebody, or NTP, sets the clock back by one.
 */
export function openClock(): Clock {
  const aheadMs = Date.now() - 1000 * process.uptime();
  return {
    now: () => Math.round(aheadMs + 1000 * process.uptime()),
    after(delayMs, callBack) {
      const timer = setTimeout(callBack, delayMs);
      return () => {
        clearTimeout(timer);
      };
    },
  };
}

export const systemClock = openClock();
