import type { CommandModule } from 'yargs';
import { plan } from '../core/plan.js';
import { describePlan } from '../core/preview.js';
import { rebuild } from '../core/rebuild.js';
import { recordKey } from '../core/standing.js';
import type { Want } from '../core/want.js';
import { placesFrom, type Places } from '../host/places.js';
import { portFilesIn } from '../host/port-files.js';
import { readPlugged } from '../host/sysfs.js';
import type { Udev } from '../host/udev.js';
import { wakeIn } from '../host/wake.js';
import { wantFilesIn } from '../host/want-files.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption } from './output.js';
import { workOnce } from './work-once.js';

interface SyncOptions {
  rescan: boolean;
  'dry-run': boolean;
  connect: string | undefined;
}

export const syncCommand: CommandModule<object, SyncOptions> = {
  command: 'sync',
  describe: 'Make the domains hold what is plugged in and assigned, now, and print what was done',
  builder: (args) =>
    args
      .option('rescan', {
        type: 'boolean',
        default: false,
        describe: 'Have all udev rules speak again first, as if every USB device were plugged in now',
      })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Print what would be done, and touch nothing' })
      .option('connect', connectOption),
  async handler({ connect, rescan, 'dry-run': dryRun }) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(connect);
    const udev = (await import('../survey.js')).udevOf(places);
    if (dryRun) {
      await preview(places, uri, udev, rescan);
      return;
    }
    if (rescan && !(await udev.replug(devicesToTrigger(places)))) {
      process.stderr.write('udev could not be asked to run its rules again; "udevadm control --ping" tells why\n');
      process.exitCode = 1;
    }
    const wants = wantFilesIn(places.runDirectory);
    const read = wants.readAll().wants;
    const lost = await findLostWants(read, uri, places, udev);
    wants.putRebuilt(lost, read);
    // For the next worker, should this one be killed.
    if (lost.length > 0) wakeIn(places.runDirectory).set();
    // Whatever was left alone because it came and went too often gets another chance.
    portFilesIn(places.runDirectory).clear();
    await workOnce(places, uri);
  },
};

/** Prints what a sync would do. */
async function preview(places: Places, uri: string, udev: Udev, rescan: boolean): Promise<void> {
  if (rescan) {
    for (const name of devicesToTrigger(places)) print(`would trigger ${name}, and the rules may say otherwise then`);
  }
  const { wants } = wantFilesIn(places.runDirectory).readAll();
  const lost = await findLostWants(wants, uri, places, udev);
  const replaced = new Set(lost.map(recordKey));
  const kept = wants.filter((want) => !replaced.has(recordKey(want)));
  const { lookAt } = await import('../survey.js');
  const situation = await lookAt(places, uri, [...kept, ...lost]);
  const planned = plan(situation);
  for (const line of describePlan(situation, planned)) print(line);
  const attached = [...planned.standings.values()].filter(({ kind }) => kind === 'attached').length;
  print(`${attached} attached already; nothing was changed`);
}

/** Wants that udev's database speaks for and that are not on file. */
async function findLostWants(onFile: readonly Want[], defaultUri: string, places: Places, udev: Udev): Promise<Want[]> {
  const known = await udev.readProperties(readPlugged(places.sysfs));
  if (known === undefined) {
    process.stderr.write("udev's database could not be read: what it alone knows is not rebuilt\n");
    return [];
  }
  return rebuild(known, onFile, { defaultUri, nowMs: Date.now() });
}

/** Root hubs are nobody's to give. */
function devicesToTrigger({ sysfs }: Places) {
  return [...readPlugged(sysfs).keys()].filter((name) => !name.startsWith('usb'));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
