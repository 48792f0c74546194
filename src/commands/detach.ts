import type { CommandModule } from 'yargs';
import { defaultUriFrom } from '../core/domain.js';
import { placesFrom } from '../host/places.js';
import { wakeIn } from '../host/wake.js';
import { wantFilesIn } from '../host/want-files.js';
import { workOnce } from './work-once.js';

export const detachCommand: CommandModule<object, { all: boolean; connect: string | undefined }> = {
  command: 'detach',
  describe: 'Take devices back from their domains, until they are replugged or given again',
  builder: (args) =>
    args
      .option('all', { type: 'boolean', demandOption: true, describe: 'Every device that this program attached' })
      .option('connect', { type: 'string', describe: 'The hypervisor to look at', requiresArg: true }),
  async handler({ connect }) {
    const places = placesFrom(process.env);
    const uri = connect ?? defaultUriFrom(process.env);
    // What is marked in a domain without a want is adopted by the first round, and released for the second.
    for (let round = 0; releaseAll(places.runDirectory) || round === 0; round += 1) {
      const done = await workOnce(places, uri);
      if (!done) process.exitCode = 1;
    }
  },
};

/** Marks every want as released; false when all were. */
function releaseAll(runDirectory: string): boolean {
  const wants = wantFilesIn(runDirectory);
  const toRelease = wants.readAll().wants.filter(({ released }) => !released);
  for (const want of toRelease) wants.write({ ...want, released: true, claimedAtMs: Date.now() });
  if (toRelease.length > 0) wakeIn(runDirectory).set();
  return toRelease.length > 0;
}
