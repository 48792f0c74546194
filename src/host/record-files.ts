import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseRecord, type DeviceRecord } from '../core/standing.js';
import { wantFileName, type WantKey } from '../core/want.js';
import { namesIn, readIfThere, writeWhole } from './files.js';

/** What the worker knows of each wanted device, under /run: written by the worker alone. */
export function recordFilesIn(runDirectory: string) {
  const directory = join(runDirectory, 'state');
  return {
    read(key: WantKey): DeviceRecord | undefined {
      const fileName = wantFileName(key);
      const text = readIfThere(join(directory, fileName));
      return text === undefined ? undefined : parseRecord(fileName, text);
    },

    write(record: DeviceRecord): void {
      writeWhole(join(directory, wantFileName(record)), `${JSON.stringify(record)}\n`);
    },

    /** Removes the records of all devices but these. */
    keepOnly(wanted: readonly WantKey[]): void {
      const kept = new Set(wanted.map(wantFileName));
      for (const fileName of namesIn(directory)) {
        if (!kept.has(fileName)) rmSync(join(directory, fileName), { force: true });
      }
    },
  };
}

export type RecordFiles = ReturnType<typeof recordFilesIn>;
