import { isSelected, parseSelector, describeSelector, type SelectableDevice, type Selector } from '../core/selector.js';
import { nameOf, type InventoryDevice } from '../core/inventory.js';
import { printable } from '../core/message.js';
import { CommandError, exitCodes } from './command-error.js';

/** Reads the words that name a device: one, or a bus and a device number. Throws when they name none. */
export function selectorFrom(words: readonly string[]): Selector {
  const selector = parseSelector(words.join(' '));
  if (selector.kind === 'fault') throw new CommandError(selector.message, exitCodes.usage);
  return selector;
}

/** The devices that are meant, one or more. Throws when nothing is plugged in that is so named. */
export function pick<T extends SelectableDevice>(selector: Selector, devices: readonly T[]): [T, ...T[]] {
  const [first, ...others] = devices.filter((device) => isSelected(selector, device));
  if (first === undefined) {
    throw new CommandError(
      `no device is plugged in that is ${describeSelector(selector)}; "usb-libvirt-hotplug list --all" shows what is`,
      exitCodes.notFound,
    );
  }
  return [first, ...others];
}

/** The one device that is meant. Throws when there is none, or more than one: they are listed. */
export function pickOne<T extends InventoryDevice>(selector: Selector, devices: readonly T[]): T {
  const [only, ...others] = pick(selector, devices);
  if (others.length === 0) return only;
  const listed = [only, ...others].map((device) => `  ${describeBriefly(device)}`);
  throw new CommandError(
    `${describeSelector(selector)} names ${listed.length} devices; name one by its port:\n${listed.join('\n')}`,
    exitCodes.notFound,
  );
}

/** `1-1.2  046d:c52b Logitech USB Receiver [ABC]`. */
export function describeBriefly(device: InventoryDevice): string {
  return `${device.name}  ${device.vendorId}:${device.productId} ${printable(nameOf(device))}`.trimEnd();
}
