import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../src/host/alive.js';
import { cacheDirectory } from './image/cache.js';

let made = 0;

export interface RunDirectory {
  readonly path: string;
  remove(): void;
}

/**
 * A directory for one machine, beside the images so that its disk can be a copy-on-write clone where the file
 * system has that. It is removed at the latest when this process ends; after a SIGKILL, by the next one to start.
 */
export function makeRunDirectory(): RunDirectory {
  const runs = join(cacheDirectory(), 'runs');
  mkdirSync(runs, { recursive: true });
  removeAbandoned(runs);
  const path = join(runs, `${process.pid}-${++made}`);
  mkdirSync(path);

  const remove = () => {
    rmSync(path, { recursive: true, force: true });
    process.off('exit', remove);
    for (const signal of fatalSignals) process.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    remove();
    // Nobody else handles it: then the process ends as it would have without us.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  process.on('exit', remove);
  for (const signal of fatalSignals) process.on(signal, onSignal);
  return { path, remove };
}

const fatalSignals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** `1234-1` is process 1234's. */
function removeAbandoned(runs: string): void {
  for (const name of readdirSync(runs)) {
    const pid = Number.parseInt(name, 10);
    if (!isAlive(pid)) rmSync(join(runs, name), { recursive: true, force: true });
  }
}
