import { parseSysfsName, type PluggedDevice } from '../src/core/device.js';
import type { Want } from '../src/core/want.js';

/** A want of the keyboard that most tests speak of. */
export function wantOf({ device = '1-1', ...change }: Partial<Omit<Want, 'device'>> & { device?: string }): Want {
  return {
    device: nameOf(device),
    busNumber: 1,
    deviceNumber: 2,
    devpath: `/devices/pci0000:00/0000:00:05.0/usb1/${device}`,
    plugId: '17501',
    vendorId: '0627',
    productId: '0001',
    product: 'QEMU USB Keyboard',
    domain: 'guest1',
    uri: 'qemu:///system',
    seqnum: 100,
    rivals: [],
    released: false,
    claimedAtMs: 1000,
    ...change,
  };
}

export function deviceOf({
  name = '1-1',
  ...change
}: Partial<Omit<PluggedDevice, 'name'>> & { name?: string }): PluggedDevice {
  return {
    name: nameOf(name),
    busNumber: 1,
    deviceNumber: 2,
    plugId: '17501',
    vendorId: '0627',
    productId: '0001',
    hub: false,
    configured: true,
    ...change,
  };
}

export function nameOf(text: string) {
  const name = parseSysfsName(text);
  if (name === undefined) throw new Error(`${text} is no device's name`);
  return name;
}
