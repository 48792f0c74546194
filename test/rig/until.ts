import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks until there is an answer, a quarter of the time at most: a probe's work is its host's, too. A probe that throws
 * is asked again, because what it asks may not be there yet; the error of a vain wait tells what was seen last.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  timeoutMs: number,
): Promise<T> {
  const startedAtMs = performance.now();
  let seen: unknown;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 500)) {
    const askedAtMs = performance.now();
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      seen = answer;
    } catch (error) {
      seen = error;
    }
    if (performance.now() - startedAtMs >= timeoutMs) {
      throw new Error(
        `waited ${timeoutMs} ms in vain: ${what}. Last seen: ${seen instanceof Error ? seen.message : String(seen)}`,
        { cause: seen },
      );
    }
    await pause(Math.max(pauseMs, 3 * (performance.now() - askedAtMs)));
  }
}
