import { retryPauseMs, type WaitingReason } from '../core/standing.js';
import type { Clock } from '../host/clock.js';

/** What went wrong, in virsh's words when it said any. */
export interface Trouble {
  readonly reason: WaitingReason;
  readonly said: string;
}

/** So many tries tell that something does not pass by itself. */
const lastingTries = 6;

/** What went wrong, how often, and when it is to be tried again. Keys are devices' or aliases'. */
export function openRetries(clock: Clock) {
  const troubles = new Map<string, Trouble & { tries: number; dueMs: number }>();

  return {
    /** Something did not work, or is still in the way now that it is due again. */
    note(key: string, trouble: Trouble): void {
      const earlier = troubles.get(key);
      const same = earlier?.reason === trouble.reason;
      if (same && earlier.dueMs > clock.now()) return;
      const tries = same ? earlier.tries + 1 : 0;
      const pauseMs = retryPauseMs(trouble.reason, tries);
      troubles.set(key, { ...trouble, tries, dueMs: pauseMs === undefined ? Infinity : clock.now() + pauseMs });
    },

    troubleOf: (key: string): Trouble | undefined => troubles.get(key),

    clear(key: string): void {
      troubles.delete(key);
    },

    isDue(key: string): boolean {
      return (troubles.get(key)?.dueMs ?? 0) <= clock.now();
    },

    /** Whether it is no passing trouble: tried often, or left alone until somebody wakes us. */
    isLasting(key: string): boolean {
      const { dueMs = 0, tries = 0 } = troubles.get(key) ?? {};
      return dueMs === Infinity || tries >= lastingTries;
    },

    /** The world changed: what was given up gets one more try. */
    wake(): void {
      for (const trouble of troubles.values()) if (trouble.dueMs === Infinity) trouble.dueMs = 0;
    },

    /**
     * Milliseconds until the next one is due; undefined when none will be. What was due at `lookedAtMs` had its
     * chance then, and waits for something else: a lane that is busy, a device that is gone.
     */
    nextDueInMs(lookedAtMs: number): number | undefined {
      const dueMs = Math.min(
        ...[...troubles.values()].map((trouble) => trouble.dueMs).filter((due) => due > lookedAtMs),
      );
      return Number.isFinite(dueMs) ? Math.max(0, dueMs - clock.now()) : undefined;
    },
  };
}

export type Retries = ReturnType<typeof openRetries>;
