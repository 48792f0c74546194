import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Places } from './places.js';
import { wakeIn } from './wake.js';

/** The right to work as the host's only worker. */
export interface Lock {
  release(): void;
  /** Whether the run directory was taken away under us, and others may lock a new file. */
  isLost(): boolean;
}

/**
 * Takes the lock that lets only one worker work; undefined when another has it and keeps it for `waitMs`.
 * Node has no flock(2), but a flock belongs to the open file, not to the process: flock(1) locks the file
 * that it inherits from us and ends, and the lock stays until our own descriptor is closed, which the
 * kernel does even after a kill -9. Mode 0600, for whoever can open a file can lock it.
 */
export async function takeLock(
  { runDirectory, path }: Pick<Places, 'runDirectory' | 'path'>,
  waitMs: number,
): Promise<Lock | undefined> {
  mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
  const name = join(runDirectory, 'lock');
  const file = openSync(name, 'a', 0o600);
  const lock = {
    release: () => {
      closeSync(file);
    },
    isLost: () => statSync(name, { throwIfNoEntry: false })?.ino !== fstatSync(file).ino,
  };
  try {
    if (await flock(file, path, waitMs)) {
      wakeIn(runDirectory).forgetHandover();
      return lock;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
  lock.release();
  return undefined;
}

const shortWaitMs = 250;
/** Somebody else who waits for the lock may take it before us, and our request with it. */
const askAgainMs = 2000;

/**
 * Takes the lock from a worker that has it: systemd's ends for us when nothing is under way, though it would linger or
 * try again, and a command's when it has done its work.
 *
 * @param onWait called once when the lock is not free
 * @returns undefined when nobody let go of it for `waitMs`
 */
export async function takeOverLock(
  places: Pick<Places, 'runDirectory' | 'path'>,
  waitMs: number,
  onWait: () => void = () => undefined,
): Promise<Lock | undefined> {
  const wake = wakeIn(places.runDirectory);
  const endMs = Date.now() + waitMs;
  let lock = await takeLock(places, shortWaitMs);
  if (lock === undefined) onWait();
  while (lock === undefined && Date.now() < endMs) {
    wake.askForHandover();
    lock = await takeLock(places, askAgainMs);
  }
  return lock;
}

function flock(file: number, path: string, waitMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['--exclusive', '--wait', (waitMs / 1000).toFixed(3), '3'], {
      stdio: ['ignore', 'ignore', 'ignore', file],
      env: { LC_ALL: 'C', PATH: path },
    });
    child.once('error', () => {
      reject(new Error('flock was not found; install util-linux'));
    });
    child.once('exit', (status) => {
      resolve(status === 0);
    });
  });
}
