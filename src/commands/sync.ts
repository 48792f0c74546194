import type { CommandModule } from 'yargs';
import { defaultUriFrom } from '../core/domain.js';
import { placesFrom } from '../host/places.js';
import { workOnce } from './work-once.js';

export const syncCommand: CommandModule<object, { connect: string | undefined }> = {
  command: 'sync',
  describe: 'Make the domains hold what is plugged in and assigned, now, and print what was done',
  builder: (args) =>
    args.option('connect', { type: 'string', describe: 'The hypervisor to look at', requiresArg: true }),
  async handler({ connect }) {
    const uri = connect ?? defaultUriFrom(process.env);
    await workOnce(placesFrom(process.env), uri);
  },
};
