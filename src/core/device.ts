/**
 * A device as sysfs names it: its bus and the chain of ports that leads to it, "1-1.2";
 * or a root hub, "usb1". The same socket keeps its name over replugs; the device number changes.
 */
export type SysfsName = string & { readonly sysfsName: unique symbol };

/** One plugged device, as far as sysfs tells and as this program needs it. */
export interface PluggedDevice {
  readonly name: SysfsName;
  readonly busNumber: number;
  readonly deviceNumber: number;
  /**
   * What tells this plug from an earlier one at the same port under the same number, as after a controller's
   * driver was bound anew, which counts from the beginning: sysfs gives each new device a directory of a new
   * inode (measured, Linux 6.1). Empty when it could not be read.
   */
  readonly plugId: string;
  /** Four lowercase hex digits. */
  readonly vendorId: string;
  /** Four lowercase hex digits. */
  readonly productId: string;
  readonly hub: boolean;
  /** Whether the kernel has chosen a configuration (the sysfs `driver` link is there). */
  readonly configured: boolean;
}

/** "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.2" → "1-1.2"; undefined for what is no device's path. */
export function parseDevpath(devpath: string): SysfsName | undefined {
  if (!devpath.startsWith('/devices/') || devpath.split('/').includes('..')) return undefined;
  return parseSysfsName(devpath.slice(devpath.lastIndexOf('/') + 1));
}

/** "1-1.2" and "usb1" are devices' names; "1-1:1.0" is an interface's. The kernel nests hubs seven deep at the most. */
export function parseSysfsName(text: string): SysfsName | undefined {
  return /^(usb[1-9]\d{0,2}|[1-9]\d{0,2}-[1-9]\d{0,2}(\.[1-9]\d{0,2}){0,6})$/.test(text)
    ? (text as SysfsName)
    : undefined;
}

/** The bus that a name speaks of: "12-1.2" → 12, "usb3" → 3. */
export function busOf(name: SysfsName): number {
  return Number.parseInt(name.startsWith('usb') ? name.slice('usb'.length) : name, 10);
}

/** For sorting: "1-2" before "1-10", and what is behind a hub after it. (`Intl`'s own order takes 15 ms to load.) */
export function inOrderOfPorts(one: SysfsName, other: SysfsName): number {
  const [numbers, others] = [one, other].map((name) => name.match(/\d+/g)?.map(Number) ?? []) as [number[], number[]];
  const index = numbers.findIndex((number, place) => number !== others[place]);
  return index < 0 ? numbers.length - others.length : (numbers[index] ?? 0) - (others[index] ?? -1);
}

/**
 * A bus or device number as udev prints it: "001" → 1, "022" → 22. Decimal always, though libvirt would
 * read the leading zero as octal. Undefined for anything but one to three digits, and for 0, which is
 * no device's number.
 */
export function parseNumber(text: string): number | undefined {
  const number = /^\d{1,3}$/.test(text) ? Number.parseInt(text, 10) : 0;
  return number > 0 ? number : undefined;
}

/** 7 → "007", as udev and lsusb print it. */
export function padNumber(number: number): string {
  return String(number).padStart(3, '0');
}

/** udev's PRODUCT, hex without leading zeros: "627/1/0" → 0627 and 0001. */
export function parseProduct(product: string): { vendorId: string; productId: string } | undefined {
  const match = /^([0-9a-f]{1,4})\/([0-9a-f]{1,4})\/[0-9a-f]{1,4}$/i.exec(product);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return { vendorId: hexId(match[1]), productId: hexId(match[2]) };
}

/** udev's ID_MODEL_ENC, "QEMU\\x20USB\\x20Mouse" → "QEMU USB Mouse": any bytes that a maker or an attacker chose. */
export function decodeModel(text: string): string {
  return text
    .replace(/\\x([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .trim();
}

function hexId(digits: string): string {
  return digits.toLowerCase().padStart(4, '0');
}
