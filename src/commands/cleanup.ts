import type { CommandModule } from 'yargs';
import { padNumber } from '../core/device.js';
import type { Hostdev } from '../core/hostdev.js';
import { parseMark } from '../core/mark.js';
import { describeGhost, printable } from '../core/message.js';
import { formatTable } from '../core/table.js';
import { takeOverLock, type Lock } from '../host/lock.js';
import { placesFrom, type Places } from '../host/places.js';
import { canAsk, isAgreed } from './ask.js';
import { CommandError, exitCodes } from './command-error.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, note, outputWidth, print } from './output.js';
import { pickDomain, valueOf } from './pick-domain.js';

interface CleanupOptions {
  domain: string;
  yes: boolean;
  connect: string | undefined;
}

export const cleanupCommand: CommandModule<object, CleanupOptions> = {
  command: 'cleanup <domain>',
  describe: 'Remove what a running domain still holds of USB devices that are not plugged in any more',
  builder: (args) =>
    args
      .positional('domain', { type: 'string', demandOption: true, describe: 'Its name or UUID' })
      .option('yes', { type: 'boolean', default: false, describe: 'Remove them without asking' })
      .option('connect', connectOption),
  async handler({ domain: wanted, yes, connect }) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(connect);
    const { openCleanup } = await import('../cleanup.js');
    const cleanup = openCleanup(places, uri);
    const domain = pickDomain(wanted, valueOf(await cleanup.listDomains(), uri), uri);
    const name = printable(domain.name);

    const stale = valueOf(await cleanup.findStale(domain), uri);
    if (stale === 'off') {
      print(`${name} is not running: it holds no USB devices now`);
      return;
    }
    if (stale.length === 0) {
      print(`${name} holds no stale USB hostdevs`);
      return;
    }
    const whose = stale.length === 1 ? 'a hostdev whose device is' : `${stale.length} hostdevs whose devices are`;
    print(`${name} holds ${whose} not plugged in any more:`);
    print(...formatTable(stale.map(rowOf), outputWidth()));
    if (!yes && !canAsk()) {
      print('Nothing was removed, with no terminal to ask on; --yes removes them.');
      return;
    }
    if (!yes && !(await isAgreed(stale.length === 1 ? 'Remove it?' : `Remove these ${stale.length}?`))) {
      print('Nothing was removed.');
      return;
    }

    const lock = await takeWorkersPlace(places);
    try {
      // The worker may have seen to its own meanwhile, or the device may be back.
      const now = valueOf(await cleanup.findStale(domain), uri);
      const shown = new Set(stale.map(({ alias }) => alias));
      for (const hostdev of now === 'off' ? [] : now.filter(({ alias }) => shown.has(alias))) {
        const trouble = await cleanup.remove(domain, hostdev);
        if (trouble === undefined) {
          print(describeGhost(hostdev.alias, domain.name).text);
          continue;
        }
        const said = trouble.said === '' ? '' : ` (virsh: ${printable(trouble.said)})`;
        const what = `the hostdev ${printable(hostdev.alias)} stays in ${name}`;
        note(`${what}: ${trouble.reason.replaceAll('-', ' ')}${said}; try again, or restart the domain`);
        process.exitCode = exitCodes.failed;
      }
    } finally {
      lock.release();
    }
  },
};

/** `  ua-usbhp-1-1-2  bus 001 device 002  attached by this program at port 1-1`. */
function rowOf({ alias, address }: Hostdev): string[] {
  const marked = parseMark(alias);
  const numbers = address && `bus ${padNumber(address.busNumber)} device ${padNumber(address.deviceNumber)}`;
  return [
    `  ${printable(alias)}`,
    numbers ?? 'no number',
    marked === undefined ? '' : `attached by this program at port ${marked.device}`,
  ];
}

const lockWaitMs = 60_000;

/** Has a worker end, so that none comes in between. */
async function takeWorkersPlace(places: Places): Promise<Lock> {
  const lock = await takeOverLock(places, lockWaitMs, () => {
    note('a worker is at work; waiting for it to end');
  });
  if (lock !== undefined) return lock;
  throw new CommandError(
    `a worker is at work and has not ended within ${lockWaitMs / 1000} s; nothing was removed; "usb-libvirt-hotplug log" tells what it waits for`,
    exitCodes.failed,
  );
}
