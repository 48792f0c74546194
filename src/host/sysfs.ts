import { existsSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseNumber, parseSysfsName, type PluggedDevice, type SysfsName } from '../core/device.js';
import { namesIn, readIfThere } from './files.js';

/** Every USB device that is plugged in now, hubs and root hubs included. */
export function readPlugged(sysfs: string): Map<SysfsName, PluggedDevice> {
  const plugged = new Map<SysfsName, PluggedDevice>();
  for (const entry of namesIn(devicesIn(sysfs))) {
    const name = parseSysfsName(entry);
    const device = name && readDevice(sysfs, name);
    if (device !== undefined) plugged.set(device.name, device);
  }
  return plugged;
}

/**
 * The device that is plugged in at a port; undefined when there is none, or it is just going. Only
 * attributes that the kernel hands out without taking the device's lock: a read of any other (product,
 * serial, bConfigurationValue) stands still while QEMU or a driver resets the device, ten seconds were
 * seen, and ends with EINTR when a child ends meanwhile.
 */
export function readDevice(sysfs: string, name: SysfsName): PluggedDevice | undefined {
  const directory = join(devicesIn(sysfs), name);
  const attribute = (file: string) => readIfThere(join(directory, file))?.trim() ?? '';
  const busNumber = parseNumber(attribute('busnum'));
  const deviceNumber = parseNumber(attribute('devnum'));
  if (busNumber === undefined || deviceNumber === undefined) return undefined;
  return {
    name,
    busNumber,
    deviceNumber,
    plugId: readPlugId(sysfs, name),
    vendorId: attribute('idVendor'),
    productId: attribute('idProduct'),
    hub: attribute('bDeviceClass') === '09',
    configured: existsSync(join(directory, 'driver')),
  };
}

/** What tells the plug that is at a port now from every other one; empty when there is none. */
export function readPlugId(sysfs: string, name: SysfsName): string {
  return statSync(join(devicesIn(sysfs), name), { bigint: true, throwIfNoEntry: false })?.ino.toString() ?? '';
}

/** The plugged device with these numbers, and its path as the kernel would say it in DEVPATH. */
export function findByNumbers(
  sysfs: string,
  busNumber: number,
  deviceNumber: number,
): { device: PluggedDevice; devpath: string } | undefined {
  for (const device of readPlugged(sysfs).values()) {
    if (device.busNumber !== busNumber || device.deviceNumber !== deviceNumber) continue;
    return { device, devpath: readDevpath(sysfs, device.name) };
  }
  return undefined;
}

/** A plugged device's path as the kernel says it in DEVPATH; empty when it has just gone. */
export function readDevpath(sysfs: string, name: SysfsName): string {
  try {
    return realpathSync(join(devicesIn(sysfs), name)).slice(realpathSync(sysfs).length);
  } catch {
    return '';
  }
}

/** One link a device, under its sysfs name. */
export function devicesIn(sysfs: string): string {
  return join(sysfs, 'bus/usb/devices');
}
