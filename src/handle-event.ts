// What an event leads to: under udev a want on file and a wake; for a person, the worker's work as well.
import { domainNameFault, uriFault } from './core/domain.js';
import type { Event, EventDevice } from './core/event.js';
import { newWant, type Want } from './core/want.js';
import type { Log } from './host/log.js';
import type { Places } from './host/places.js';
import { findByNumbers, readPlugId } from './host/sysfs.js';
import { wakeIn, type Wake } from './host/wake.js';
import { submit } from './submit.js';

/** Bad input, told to the person or the log as it is. */
export class InputError extends Error {}

/** The domain that a rule or a person names, and the hypervisor it is at. */
export interface Claimant {
  readonly domain: string;
  readonly uri: string;
}

export interface Surroundings {
  readonly places: Places;
  readonly log: Log;
  /** In udev's sandbox, where libvirt must not be waited for, and nobody sees what is printed. */
  readonly underUdev: boolean;
}

/**
 * @returns whether it came to its end; false when a person's command saw none in time
 * @throws InputError when the event or the claimant make no sense
 */
export async function handleEvent(
  event: Event,
  claimant: Claimant,
  { places, log, underUdev }: Surroundings,
): Promise<boolean> {
  if (underUdev) {
    noteEvent(event, claimant, { places, log, wake: wakeIn(places.runDirectory) });
    return true;
  }
  switch (event.kind) {
    case 'ignored':
      process.stdout.write(`nothing to do: ${event.why}\n`);
      return true;
    case 'invalid':
      throw new InputError(event.message);
    case 'removed': {
      const { takeBack } = await import('./by-hand.js');
      return (await takeBack(event, claimant, places, log)) !== 'pending';
    }
    case 'wanted': {
      const want = describeWant(event, claimant, places);
      const { give } = await import('./by-hand.js');
      return (await give(want, places, log)) !== 'pending';
    }
  }
}

/**
 * What an event of udev's leads to: a want on file, and a wake for the worker.
 *
 * @throws InputError when the event or the claimant make no sense
 */
export function noteEvent(
  event: Event,
  claimant: Claimant,
  {
    places,
    log,
    wake,
  }: { readonly places: Places; readonly log: Pick<Log, 'write'>; readonly wake: Pick<Wake, 'set'> },
): void {
  switch (event.kind) {
    case 'ignored':
      log.write({ severity: 'debug', text: `nothing to do: ${event.why}` });
      return;
    case 'invalid':
      throw new InputError(event.message);
    case 'removed':
      wake.set();
      return;
    case 'wanted':
      submit(describeWant(event, claimant, places), { runDirectory: places.runDirectory, log, wake });
  }
}

/** The want of a device that is plugged in; what a person left out of the environment is looked up in sysfs. */
function describeWant(event: EventDevice, { domain, uri }: Claimant, { sysfs }: Places): Want {
  const fault = domainNameFault(domain) ?? uriFault(uri);
  if (fault !== undefined) throw new InputError(fault);
  const { busNumber, deviceNumber, seqnum } = event;
  const found =
    event.path !== undefined && event.ids !== undefined ? undefined : findByNumbers(sysfs, busNumber, deviceNumber);
  const path = event.path ?? (found && { devpath: found.devpath, name: found.device.name });
  const ids = event.ids ?? found?.device;
  if (path === undefined || ids === undefined) {
    throw new InputError(
      `no device ${deviceNumber} is plugged in on bus ${busNumber}; lsusb shows the numbers (BUSNUM, DEVNUM) of what is`,
    );
  }
  return newWant(
    {
      device: path.name,
      busNumber,
      deviceNumber,
      devpath: path.devpath,
      plugId: readPlugId(sysfs, path.name),
      vendorId: ids.vendorId,
      productId: ids.productId,
      product: event.product,
    },
    { domain, uri, seqnum, claimedAtMs: Date.now() },
  );
}
