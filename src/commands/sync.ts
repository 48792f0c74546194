import type { CommandModule } from 'yargs';
import { defaultUri } from '../core/domain.js';
import { placesFrom } from '../host/places.js';
import { workOnce } from './work-once.js';

export const syncCommand: CommandModule<object, { connect: string | undefined }> = {
  command: 'sync',
  describe: 'Make the domains hold what is plugged in and assigned, now, and print what was done',
  builder: (args) =>
    args.option('connect', { type: 'string', describe: 'The hypervisor to look at', requiresArg: true }),
  async handler({ connect }) {
    const lines = await workOnce(placesFrom(process.env), connect ?? process.env['LIBVIRT_DEFAULT_URI'] ?? defaultUri);
    process.stdout.write(lines === 0 ? 'nothing to do: every domain holds what it should\n' : '');
  },
};
