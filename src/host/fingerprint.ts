import { statSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from './files.js';
import type { Places } from './places.js';
import { devicesIn, readPlugId } from './sysfs.js';
import { parseSysfsName } from '../core/device.js';

/** Differs when something was plugged in, pulled out, assigned, attached or detached since the last time. */
export function fingerprint({ sysfs, runDirectory }: Places): string {
  const plugged = namesIn(devicesIn(sysfs)).flatMap((entry) => {
    const name = parseSysfsName(entry);
    return name === undefined ? [] : [`${name} ${readPlugId(sysfs, name)}`];
  });
  const files = ['wants', 'state'].flatMap((folder) =>
    namesIn(join(runDirectory, folder)).map(
      (name) =>
        `${folder}/${name} ${statSync(join(runDirectory, folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0}`,
    ),
  );
  return [...plugged, ...files].join('\n');
}
