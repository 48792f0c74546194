import { busOf, padNumber, parseNumber, parseSysfsName, type SysfsName } from './device.js';

/** A device as a person names it. */
export type Selector =
  | { readonly kind: 'port'; readonly port: SysfsName }
  /** A hub, or a root hub, with everything behind it. */
  | { readonly kind: 'behind'; readonly hub: SysfsName }
  | { readonly kind: 'numbers'; readonly busNumber: number; readonly deviceNumber: number }
  /** Four lowercase hex digits each. */
  | { readonly kind: 'id'; readonly vendorId: string; readonly productId: string }
  | { readonly kind: 'serial'; readonly serial: string };

/** What a selector looks at. */
export interface SelectableDevice {
  readonly name: SysfsName;
  readonly busNumber: number;
  readonly deviceNumber: number;
  readonly vendorId: string;
  readonly productId: string;
  readonly serial: string;
}

/** The forms, for help and for messages. */
export const selectorForms =
  'port 1-1.2, bus:port 003:1.2, bus/device 001/037 as lsusb prints it, vendor:product 152d:2338, serial:070326AE8AF92D95, or a hub with everything behind it 1-1/…';

/**
 * Reads a device's name in any of its forms:
 *
 *     1-1.2, usb1                 the port path, as sysfs and the log have it
 *     003:9, 003:1.2              bus and ports, decimal (EVE's usbaddr)
 *     001/037, 1/37, 001 037      bus and device number, as lsusb prints them
 *     152d:2338, 0x152d.0x2338    vendor and product (EVE's usbproduct, Qubes)
 *     serial:070326AE8AF92D95     the serial number
 *     1-1/…, usb1/..., 1-1/*      a hub with everything behind it
 *
 * @returns the selector, or in words what is wrong and what would be right
 */
export function parseSelector(text: string): Selector | { readonly kind: 'fault'; readonly message: string } {
  const word = text.trim();
  if (word.startsWith('serial:')) {
    const serial = word.slice('serial:'.length);
    return serial === '' ? fault('a serial number is missing after "serial:"') : { kind: 'serial', serial };
  }
  const port = parseSysfsName(word);
  if (port !== undefined) return { kind: 'port', port };

  const behind = /^(.+)\/(…|\.\.\.|\*)$/u.exec(word)?.[1];
  if (behind !== undefined) {
    const hub = parseSysfsName(behind);
    return hub === undefined ? fault(`"${behind}" is no port path of a hub, as in 1-1/…`) : { kind: 'behind', hub };
  }

  const numbers = /^(\d{1,3})(?:\/| +)(\d{1,3})$/.exec(word);
  if (numbers !== null) {
    const busNumber = parseNumber(numbers[1] ?? '');
    const deviceNumber = parseNumber(numbers[2] ?? '');
    if (busNumber === undefined || deviceNumber === undefined) return fault('bus and device numbers count from 1');
    return { kind: 'numbers', busNumber, deviceNumber };
  }

  const ids = /^0x([0-9a-f]{1,4})\.0x([0-9a-f]{1,4})$/i.exec(word) ?? /^([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(word);
  if (ids !== null) return { kind: 'id', vendorId: hexId(ids[1]), productId: hexId(ids[2]) };

  const usbaddr = /^(\d{1,3}):(\d{1,3}(?:\.\d{1,3})*)$/.exec(word);
  if (usbaddr !== null) {
    const chain = (usbaddr[2] ?? '').split('.').map(Number).join('.');
    const named = parseSysfsName(`${Number(usbaddr[1])}-${chain}`);
    return named === undefined
      ? fault(`"${word}" is no bus and port; both count from 1`)
      : { kind: 'port', port: named };
  }

  const device = /^(\d+-[\d.]+):\d+\.\d+$/.exec(word)?.[1];
  if (device !== undefined)
    return fault(`${word} is an interface; a device is handed over with all of its interfaces: name it ${device}`);
  return fault(`"${word}" names no device; a device is named by ${selectorForms}`);
}

/** Whether this is a device that is meant; with a hub, the hub itself and everything behind it. */
export function isSelected(selector: Selector, device: SelectableDevice): boolean {
  switch (selector.kind) {
    case 'port':
      return device.name === selector.port;
    case 'behind':
      return device.name === selector.hub || isBehind(device.name, selector.hub);
    case 'numbers':
      return device.busNumber === selector.busNumber && device.deviceNumber === selector.deviceNumber;
    case 'id':
      return device.vendorId === selector.vendorId && device.productId === selector.productId;
    case 'serial':
      return device.serial === selector.serial;
  }
}

/** "1-1.2" is behind "1-1" and behind "usb1"; "1-10" is not behind "1-1". */
export function isBehind(name: SysfsName, hub: SysfsName): boolean {
  if (hub.startsWith('usb')) return !name.startsWith('usb') && busOf(name) === busOf(hub);
  return name.startsWith(`${hub}.`);
}

/** The selector as a person would write it: `port 1-1.2`, `001/037`, `152d:2338`. */
export function describeSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'port':
      return `port ${selector.port}`;
    case 'behind':
      return `${selector.hub}/…`;
    case 'numbers':
      return `${padNumber(selector.busNumber)}/${padNumber(selector.deviceNumber)}`;
    case 'id':
      return `${selector.vendorId}:${selector.productId}`;
    case 'serial':
      return `serial:${selector.serial}`;
  }
}

function fault(message: string): { kind: 'fault'; message: string } {
  return { kind: 'fault', message };
}

function hexId(digits = ''): string {
  return digits.toLowerCase().padStart(4, '0');
}
