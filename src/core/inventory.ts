import { decodeModel, type PluggedDevice } from './device.js';
import type { Environment } from './event.js';

/** A plugged device as people are shown it. */
export interface InventoryDevice extends PluggedDevice {
  /** "/devices/pci0000:00/0000:00:14.0/usb1/1-1". */
  readonly devpath: string;
  /** Who made it; by its own word, else by the hardware database; empty when neither knows. Any bytes. */
  readonly vendor: string;
  /** What it is, likewise. */
  readonly product: string;
  /** Empty when it has none. Any bytes. */
  readonly serial: string;
  /** In Mbit/s as sysfs has it: "1.5", "12", "480", "5000". */
  readonly speed: string;
}

/** What a device tells of itself. */
export type DeviceStrings = Pick<InventoryDevice, 'vendor' | 'product' | 'serial'>;

/**
 * A device's names by its udev properties. Where it has none, udev's usb_id puts its ids in their place; the hardware
 * database then knows better.
 */
export function stringsFrom(
  { vendorId, productId }: Pick<PluggedDevice, 'vendorId' | 'productId'>,
  properties: Environment,
): DeviceStrings {
  const own = (encoded: string | undefined, id: string) => {
    const text = decodeModel(encoded ?? '');
    return text === id ? '' : text;
  };
  return {
    vendor: own(properties['ID_VENDOR_ENC'], vendorId) || (properties['ID_VENDOR_FROM_DATABASE'] ?? ''),
    product: own(properties['ID_MODEL_ENC'], productId) || (properties['ID_MODEL_FROM_DATABASE'] ?? ''),
    serial: properties['ID_SERIAL_SHORT'] ?? '',
  };
}

/** The PCI address of the controller that a device hangs at, "0000:00:14.0"; undefined for virtual ones. */
export function controllerOf(devpath: string): string | undefined {
  return /\/([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\/usb\d+(\/|$)/.exec(devpath)?.[1];
}

/** Devices of USB/IP and of the kernel's own test controller, which are plugged in nowhere. */
export function isVirtual(devpath: string): boolean {
  return /\/(vhci_hcd|dummy_hcd)\.\d+\//.test(devpath);
}

/** "QEMU QEMU USB Keyboard [ABC]": vendor unless the product begins with it, product, serial number. */
export function nameOf({ vendor, product, serial }: DeviceStrings): string {
  const named = product.toLowerCase().startsWith(vendor.toLowerCase()) ? product : `${vendor} ${product}`.trim();
  return serial === '' ? named : `${named} [${serial}]`.trim();
}

/** Mbit/s as people say it: "480M", "5G", "1.5M". */
export function describeSpeed(speed: string): string {
  const mbits = Number(speed);
  if (!(mbits > 0)) return '';
  return mbits >= 1000 ? `${mbits / 1000}G` : `${mbits}M`;
}
