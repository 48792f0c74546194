import type { AssignableDevice } from '../core/assignment.js';
import type { InventoryDevice } from '../core/inventory.js';
import { readString } from './device-strings.js';
import { readBusSpeed } from './faces.js';
import { readInventory } from './inventory.js';
import type { Udev } from './udev.js';

/** What is plugged in, with what assignments look at. */
export async function readAssignable(sysfs: string, udev: Udev): Promise<(InventoryDevice & AssignableDevice)[]> {
  const devices = await readInventory(sysfs, udev);
  return Promise.all(devices.map((device) => asAssignable(sysfs, device)));
}

/** One of them that was read already. */
export async function asAssignable(
  sysfs: string,
  device: InventoryDevice,
): Promise<InventoryDevice & AssignableDevice> {
  return {
    ...device,
    busSpeed: readBusSpeed(sysfs, device.name),
    ownSerial: device.hub ? '' : await readString(sysfs, device.name, 'serial'),
  };
}
