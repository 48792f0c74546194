// What an event leads to: under udev a want on file and a wake; for a person, the worker's work as well.
import { domainNameFault, uriFault } from './core/domain.js';
import type { Event, EventDevice } from './core/event.js';
import { newWant, type Want } from './core/want.js';
import type { Log } from './host/log.js';
import type { Places } from './host/places.js';
import { findByNumbers, readPlugId } from './host/sysfs.js';
import { wakeIn } from './host/wake.js';
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
  switch (event.kind) {
    case 'ignored':
      log.write({ severity: 'debug', text: `nothing to do: ${event.why}` });
      if (!underUdev) process.stdout.write(`nothing to do: ${event.why}\n`);
      return true;
    case 'invalid':
      throw new InputError(event.message);
    case 'removed':
      if (!underUdev) {
        const { takeBack } = await import('./by-hand.js');
        return (await takeBack(event, claimant, places, log)) !== 'pending';
      }
      wakeIn(places.runDirectory).set();
      return true;
    case 'wanted': {
      const fault = domainNameFault(claimant.domain) ?? uriFault(claimant.uri);
      if (fault !== undefined) throw new InputError(fault);
      const want = describeWant(event, claimant, places);
      if (!underUdev) {
        const { give } = await import('./by-hand.js');
        return (await give(want, places, log)) !== 'pending';
      }
      submit(want, places.runDirectory, log);
      return true;
    }
  }
}

/** The want of a device that is plugged in; what a person left out of the environment is looked up in sysfs. */
function describeWant(event: EventDevice, { domain, uri }: Claimant, { sysfs }: Places): Want {
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
