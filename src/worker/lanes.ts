import type { Clock } from '../host/clock.js';

/**
 * Work under way, one thing at a time in each lane: a lane is a hypervisor or a domain, so that one which
 * hangs holds up nothing but itself.
 */
export function openLanes(clock: Clock, onEnd: () => void) {
  const busy = new Set<string>();
  const faults: unknown[] = [];

  return {
    isBusy: (lane: string) => busy.has(lane),
    anyBusy: () => busy.size > 0,

    /** Starts work that nobody waits for; its end is told by `onEnd`. */
    start(lane: string, work: () => Promise<void>): void {
      busy.add(lane);
      void work()
        .catch((fault: unknown) => faults.push(fault))
        .finally(() => {
          busy.delete(lane);
          onEnd();
        });
    },

    /** Throws what went wrong in such work that nobody foresaw. */
    throwFaults(): void {
      if (faults.length > 0) throw faults[0];
    },

    /** The work's result when it comes within `patienceMs`; else undefined, and a later end is told by `onEnd`. */
    async within<T>(lane: string, patienceMs: number, work: () => Promise<T>): Promise<T | undefined> {
      if (busy.has(lane)) return undefined;
      busy.add(lane);
      let late = false;
      let forget: () => void = () => undefined;
      const patience = new Promise<undefined>((resolve) => {
        forget = clock.after(patienceMs, () => {
          late = true;
          resolve(undefined);
        });
      });
      const result = work().finally(() => {
        forget();
        busy.delete(lane);
        if (late) onEnd();
      });
      return Promise.race([result, patience]);
    },
  };
}

export type Lanes = ReturnType<typeof openLanes>;
