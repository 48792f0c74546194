import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeDrafts } from './files.js';

/**
 * Removes what was left half-done by hooks and workers that were killed: drafts of files, XML that was written
 * for virsh. For the holder of the lock only.
 */
export function removeLeftovers(runDirectory: string): void {
  rmSync(join(runDirectory, 'tmp'), { recursive: true, force: true });
  for (const name of ['wants', 'state', 'ports']) removeDrafts(join(runDirectory, name));
}
