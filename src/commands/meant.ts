// Which devices a person means, lastingly.
import type { Faces, Ids, Match } from '../core/assignment.js';
import { busOf, type SysfsName } from '../core/device.js';
import { describeSelector, type Selector } from '../core/selector.js';
import { readFaces } from '../host/faces.js';
import type { Device } from './assigning.js';
import { CommandError, exitCodes } from './command-error.js';
import { pickOne } from './pick.js';

/** By what a device is known again. */
export const ways = ['port', 'id', 'serial', 'port+id'] as const;
export type Way = (typeof ways)[number];

interface World {
  readonly sysfs: string;
  readonly devices: readonly Device[];
}

/**
 * A device need not be plugged in where its name says all that is to be known of it. Throws when it is not found, not
 * the only one, or cannot be known by that.
 *
 * @param known.way undefined for what the selector itself goes by
 * @param known.controller the PCI address of the controller that it must hang at, if any is named
 */
export function matchFor(
  selector: Selector,
  known: { readonly way: Way | undefined; readonly controller: string | undefined },
  world: World,
): Match {
  const { way, controller } = known;
  if (selector.kind === 'behind') {
    if (way !== undefined && way !== 'port') {
      throw new CommandError(`everything behind a hub is known by port only, not by ${way}`, exitCodes.usage);
    }
    return { kind: 'behind', faces: facesAt(selector.hub, controller, world) };
  }
  switch (way ?? wayOf(selector)) {
    case 'port':
      return { kind: 'port', faces: facesAt(placeOf(selector, world), controller, world) };
    case 'port+id': {
      const device = handable(selector, world);
      return { kind: 'port+id', faces: facesAt(device.name, controller, world), ids: idsOf(device) };
    }
    case 'id':
      return {
        kind: 'id',
        ids: selector.kind === 'id' ? idsOf(selector) : idsOf(handable(selector, world)),
        controller,
      };
    case 'serial': {
      const device = handable(selector, world);
      if (device.ownSerial === '') {
        throw new CommandError(
          `${device.name} tells no serial number; assign it --by port or --by id`,
          exitCodes.usage,
        );
      }
      return { kind: 'serial', ids: idsOf(device), serial: device.ownSerial, controller };
    }
  }
}

function wayOf({ kind }: Exclude<Selector, { kind: 'behind' }>): Way {
  switch (kind) {
    case 'port':
    case 'numbers':
      return 'port';
    case 'id':
    case 'serial':
      return kind;
  }
}

function idsOf({ vendorId, productId }: Ids): Ids {
  return { vendorId, productId };
}

/** A port that is named as such may be empty; what is in it must not be a hub. */
function placeOf(selector: Selector, world: World): SysfsName {
  if (selector.kind !== 'port') return handable(selector, world).name;
  const { port } = selector;
  if (port.startsWith('usb') || world.devices.some(({ name, hub }) => name === port && hub)) throw hubError(port);
  return port;
}

/** The one device that is meant, which must be none that nobody can have. */
function handable(selector: Selector, { devices }: World): Device {
  const device = pickOne(selector, devices);
  if (device.hub) throw hubError(device.name);
  return device;
}

function hubError(name: SysfsName): CommandError {
  return new CommandError(
    `${name} is a hub, which libvirt cannot hand over; "${name}/…" means everything behind it`,
    exitCodes.usage,
  );
}

function facesAt(name: SysfsName, controller: string | undefined, { sysfs }: World): Faces {
  const faces = readFaces(sysfs, name);
  if (faces === undefined) {
    throw new CommandError(
      `${describeSelector({ kind: 'port', port: name })} is on bus ${busOf(name)}, which this host does not have; "usb-libvirt-hotplug list --all" shows the buses`,
      exitCodes.notFound,
    );
  }
  if (controller !== undefined && !faces[0].controller.endsWith(`/${controller}`)) {
    throw new CommandError(`port ${name} hangs at ${faces[0].controller}, not at ${controller}`, exitCodes.notFound);
  }
  return faces;
}
