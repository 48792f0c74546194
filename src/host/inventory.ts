import { join } from 'node:path';
import { inOrderOfPorts, type PluggedDevice } from '../core/device.js';
import { stringsFrom, type DeviceStrings, type InventoryDevice } from '../core/inventory.js';
import { readString } from './device-strings.js';
import { readIfThere } from './files.js';
import { devicesIn, readDevpath, readPlugged } from './sysfs.js';
import type { Udev } from './udev.js';

/** Everything that is plugged in, in the order of its ports, with its names as udev has them, else as sysfs does. */
export async function readInventory(sysfs: string, udev: Udev): Promise<InventoryDevice[]> {
  const plugged = readPlugged(sysfs);
  const records = await udev.readProperties(plugged);
  const properties = new Map(records?.map((entry) => [entry.device.name, entry.properties]));
  const devices = await Promise.all(
    [...plugged.values()].map(async (device) => {
      const said = properties.get(device.name);
      const known = said?.['ID_MODEL_ENC'] !== undefined;
      const strings = known ? stringsFrom(device, said) : await readStrings(sysfs, device);
      const speed = readIfThere(join(devicesIn(sysfs), device.name, 'speed'))?.trim() ?? '';
      return { ...device, ...strings, speed, devpath: readDevpath(sysfs, device.name) };
    }),
  );
  return devices.sort((one, other) => inOrderOfPorts(one.name, other.name));
}

async function readStrings(sysfs: string, { name }: PluggedDevice): Promise<DeviceStrings> {
  const [vendor, product, serial] = await Promise.all([
    readString(sysfs, name, 'manufacturer'),
    readString(sysfs, name, 'product'),
    readString(sysfs, name, 'serial'),
  ]);
  return { vendor: vendor.trim(), product: product.trim(), serial: serial.trim() };
}
