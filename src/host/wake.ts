import { closeSync, existsSync, mkdirSync, openSync, rmSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/**
 * The file by which everybody tells the worker that there is something to look at. On systemd hosts the
 * path unit starts a worker while it exists; a worker that runs already watches for it, and for `handover`, by which
 * a command asks for the lock; who takes the lock removes that.
 */
export function wakeIn(runDirectory: string) {
  const path = join(runDirectory, 'wake');
  const handover = join(runDirectory, 'handover');
  const touch = (file: string) => {
    mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
    closeSync(openSync(file, 'a', 0o644));
  };
  return {
    set(): void {
      touch(path);
    },

    isSet(): boolean {
      return existsSync(path);
    },

    /** To be called before looking at the world, so that what happens during the look wakes again. */
    clear(): void {
      rmSync(path, { force: true });
    },

    /** Asks the worker that has the lock to end as soon as nothing is under way, for somebody who waits for the lock. */
    askForHandover(): void {
      touch(handover);
    },

    isHandoverAsked(): boolean {
      return existsSync(handover);
    },

    forgetHandover(): void {
      rmSync(handover, { force: true });
    },

    /** Calls back whenever either file may have come; returns what ends the watch. */
    watch(onChange: () => void): () => void {
      mkdirSync(runDirectory, { recursive: true, mode: 0o755 });
      const look = () => {
        if (existsSync(path) || existsSync(handover)) onChange();
      };
      let watcher: FSWatcher;
      try {
        watcher = watch(runDirectory, { persistent: false }, (_event, fileName) => {
          if (fileName === 'wake' || fileName === 'handover') look();
        });
      } catch {
        // All of the host's inotify instances are in use: then once a second.
        const timer = setInterval(look, 1000).unref();
        return () => {
          clearInterval(timer);
        };
      }
      watcher.on('error', () => {
        watcher.close();
      });
      return () => {
        watcher.close();
      };
    },
  };
}

export type Wake = ReturnType<typeof wakeIn>;
