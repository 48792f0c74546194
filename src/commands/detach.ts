import type { CommandModule } from 'yargs';
import type { Holding } from '../core/holding.js';
import type { InventoryDevice } from '../core/inventory.js';
import { describePlugged, printable } from '../core/message.js';
import { isSelected, type Selector } from '../core/selector.js';
import { isSamePlug } from '../core/want.js';
import { placesFrom, type Places } from '../host/places.js';
import { wakeIn } from '../host/wake.js';
import { wantFilesIn } from '../host/want-files.js';
import { CommandError, exitCodes } from './command-error.js';
import { exitCodeOf, worstOf } from './ending.js';
import { hypervisorFrom } from './hypervisor.js';
import { connectOption, openCommandLog, print } from './output.js';
import { pick, pickOne, selectorFrom } from './pick.js';
import { workOnce } from './work-once.js';

interface DetachOptions {
  device: string[] | undefined;
  all: boolean;
  'dry-run': boolean;
  connect: string | undefined;
}

export const detachCommand: CommandModule<object, DetachOptions> = {
  command: 'detach [device..]',
  describe: 'Take devices back from their domains, until they are replugged or given again',
  builder: (args) =>
    args
      .positional('device', {
        type: 'string',
        array: true,
        describe: 'By any name a device has; HUB/… is everything behind a hub',
      })
      .option('all', { type: 'boolean', default: false, describe: 'Every device that this program attached' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Print what would be done, and touch nothing' })
      .option('connect', connectOption)
      .check(({ all, device }) => all !== (device ?? []).length > 0 || 'Name a device, or --all.'),
  async handler({ device, all, 'dry-run': dryRun, connect }) {
    const places = placesFrom(process.env);
    const uri = hypervisorFrom(connect);
    if (all) await detachAll(places, uri, dryRun);
    else process.exitCode = await detachNamed(selectorFrom(device ?? []), places, uri, dryRun);
  },
};

async function detachNamed(selector: Selector, places: Places, uri: string, dryRun: boolean): Promise<number> {
  const { survey } = await import('../survey.js');
  const { devices, wants, holdingOf } = await survey(places, uri);
  const absent = wants.filter(
    (want) =>
      isSelected(selector, { ...want, name: want.device, serial: '' }) &&
      !devices.some((device) => device.name === want.device && isSamePlug(want, device)),
  );
  const { takeBack } = await import('../by-hand.js');
  const log = openCommandLog(places);
  const codes: number[] = [];
  try {
    for (const want of absent) codes.push(await take({ ...want, name: want.device }, want.domain, want.uri));
    if (absent.length === 0 || devices.some((device) => isSelected(selector, device))) {
      const chosen = selector.kind === 'behind' ? pick(selector, devices) : [pickOne(selector, devices)];
      for (const device of chosen) {
        const holding = holdingOf(device);
        const owner = ownerIn(holding);
        const onFile = wants.find((want) => want.device === device.name && isSamePlug(want, device));
        if (owner !== undefined) codes.push(await take(device, onFile?.domain ?? owner, onFile?.uri ?? uri));
        else if (selector.kind !== 'behind') print(`${describePlugged(device)} is in no domain, and none waits for it`);
      }
    }
  } finally {
    await log.close();
  }
  return worstOf(codes);

  async function take(
    device: Pick<InventoryDevice, 'name' | 'busNumber' | 'deviceNumber' | 'vendorId' | 'productId' | 'product'> & {
      devpath: string;
    },
    domain: string,
    ownerUri: string,
  ): Promise<number> {
    if (dryRun) {
      print(`would take ${describePlugged(device)} back from ${printable(domain)}`);
      return exitCodes.done;
    }
    const event = { ...device, path: { devpath: device.devpath, name: device.name }, ids: device, seqnum: 0 };
    return exitCodeOf(await takeBack(event, { domain, uri: ownerUri }, places, log));
  }
}

/** Undefined where there is nothing to take back. */
function ownerIn(holding: Holding): string | undefined {
  switch (holding.kind) {
    case 'free':
    case 'released':
      return undefined;
    case 'attached':
    case 'static':
    case 'waiting':
    case 'refused':
    case 'leaving':
      return holding.domain;
  }
}

async function detachAll(places: Places, uri: string, dryRun: boolean): Promise<void> {
  if (dryRun) throw new CommandError('--dry-run goes with devices that are named, not with --all', exitCodes.usage);
  // What is marked in a domain without a want is adopted by the first round, and released for the second.
  for (let round = 0; releaseAll(places.runDirectory) || round === 0; round += 1) {
    const done = await workOnce(places, uri);
    if (!done) process.exitCode = exitCodes.failed;
  }
}

/** Marks every want as released; false when all were. */
function releaseAll(runDirectory: string): boolean {
  const wants = wantFilesIn(runDirectory);
  const toRelease = wants.readAll().wants.filter(({ released }) => !released);
  for (const want of toRelease) wants.write({ ...want, released: true, claimedAtMs: Date.now() });
  if (toRelease.length > 0) wakeIn(runDirectory).set();
  return toRelease.length > 0;
}
