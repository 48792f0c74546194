import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SysfsName } from '../core/device.js';
import { isPast, parsePortFileName, parsePortHistory, type PortHistory } from '../core/flapping.js';
import { namesIn, readIfThere, writeWhole } from './files.js';

/** The attaches of late at each port, under /run: written by the worker, cleared by whoever wants it to try again. */
export function portFilesIn(runDirectory: string) {
  const directory = join(runDirectory, 'ports');
  return {
    read(device: SysfsName): PortHistory | undefined {
      const text = readIfThere(join(directory, `${device}.json`));
      return text === undefined ? undefined : parsePortHistory(device, text);
    },

    write(history: PortHistory): void {
      writeWhole(join(directory, `${history.device}.json`), `${JSON.stringify(history)}\n`);
    },

    /** Removes what can stop no attach any more, but for the ports named. */
    removePast(nowMs: number, wanted: ReadonlySet<SysfsName>): void {
      for (const fileName of namesIn(directory)) {
        const device = parsePortFileName(fileName);
        const history = device && this.read(device);
        if (history !== undefined && (wanted.has(history.device) || !isPast(history, nowMs))) continue;
        rmSync(join(directory, fileName), { force: true, recursive: true });
      }
    },

    clear(): void {
      rmSync(directory, { force: true, recursive: true });
    },
  };
}

export type PortFiles = ReturnType<typeof portFilesIn>;
