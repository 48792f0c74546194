// What `cleanup` looks at and does. Loaded only then.
import type { DomainName } from './core/domain.js';
import type { Hostdev } from './core/hostdev.js';
import { staleIn } from './core/stale.js';
import { systemClock } from './host/clock.js';
import type { Places } from './host/places.js';
import { programIn } from './host/program.js';
import { readPlugged } from './host/sysfs.js';
import { openVirsh, type Answer } from './host/virsh.js';
import { carryOut } from './worker/carry-out.js';
import type { Trouble } from './worker/retries.js';

export function openCleanup({ runDirectory, sysfs, path }: Places, uri: string) {
  const virsh = openVirsh(programIn(path, 'virsh'), runDirectory);
  return {
    listDomains: () => virsh.list(uri, 'all'),

    /** The stale USB hostdevs of its live XML; `off` when it does not run. */
    async findStale({ uuid }: DomainName): Promise<Answer<Hostdev[] | 'off'>> {
      const live = await virsh.readLive(uri, uuid);
      if (live.kind === 'failed' || live.value === 'off') return live;
      return { kind: 'done', value: staleIn(live.value, readPlugged(sysfs)) };
    },

    /** What is in the way; nothing when the live XML holds it no more. The caller has the worker's lock. */
    remove(domain: DomainName, hostdev: Hostdev): Promise<Trouble | undefined> {
      return carryOut({ kind: 'detach', uri, domain, hostdev, want: undefined }, { virsh, clock: systemClock });
    },
  };
}
