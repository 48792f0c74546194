import type { Places } from '../host/places.js';

// A worker that works already is told to look again, and lingers; it is waited for.
const lockWaitMs = 60_000;
const limitMs = 120_000;

/**
 * Runs the worker in this process to the end of what there is to do, and prints its lines.
 *
 * @returns how many lines there were
 * @throws when another worker does not end
 */
export async function workOnce(places: Places, uri: string): Promise<number> {
  const { runWorker } = await import('../worker.js');
  let lines = 0;
  const print = ({ severity, text }: { severity: string; text: string }) => {
    if (severity === 'debug') return;
    lines += 1;
    process.stdout.write(`${text}\n`);
  };
  if (!(await runWorker(places, uri, print, lockWaitMs, { lingerMs: 0, limitMs }))) {
    throw new Error(`another worker is at work and has not ended within ${lockWaitMs / 1000} s; see its log lines`);
  }
  return lines;
}
