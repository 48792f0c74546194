import { busOf, decodeModel, parseDevpath, parseNumber, parseProduct, type SysfsName } from './device.js';

/** What a udev event means for this program. */
export type Event =
  | ({ readonly kind: 'wanted' } & EventDevice)
  | ({ readonly kind: 'removed' } & EventDevice)
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'invalid'; readonly message: string };

export interface EventDevice {
  readonly busNumber: number;
  readonly deviceNumber: number;
  /** Undefined when a person left DEVPATH out, as the old script's manual runs did. */
  readonly path: { readonly devpath: string; readonly name: SysfsName } | undefined;
  /** From PRODUCT; undefined when a person left it out. */
  readonly ids: { readonly vendorId: string; readonly productId: string } | undefined;
  /** What the device calls itself, from ID_MODEL_ENC; empty when nothing is said. */
  readonly product: string;
  /** The kernel's number of this event, by which two rules for one event are told from two events. 0 by hand. */
  readonly seqnum: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment that udev gives to a RUN program: the device's properties and nothing else.
 * Any event that is not a removal and carries a real device number means "wanted": `bind` follows `add`
 * since Linux 4.14, and `udevadm trigger` sends `change` (measured, systemd 252).
 */
export function parseEvent(environment: Environment): Event {
  const subsystem = environment['SUBSYSTEM'];
  if (subsystem !== 'usb') return wrong('SUBSYSTEM', subsystem, '"usb"');

  const type = environment['DEVTYPE'];
  if (type === 'usb_interface') return { kind: 'ignored', why: 'it is an interface; whole devices are handed over' };
  if (type !== 'usb_device') return wrong('DEVTYPE', type, '"usb_device"');

  const action = environment['ACTION'];
  if (action === undefined || action === '') return wrong('ACTION', action, '"add" or "remove"');
  const removal = action === 'remove';
  if (!removal && !['add', 'bind', 'change'].includes(action)) {
    return {
      kind: 'ignored',
      why: `the action "${action}" changes nothing here; "add" gives a device and "remove" takes it back`,
    };
  }
  // In the middle of a USB reset the kernel says `change` with DEVNUM=000; another follows with the number.
  if (action === 'change' && environment['DEVNUM'] === '000') {
    return { kind: 'ignored', why: 'the device is being reset' };
  }
  return parseDevice(removal ? 'removed' : 'wanted', environment);
}

function parseDevice(kind: 'wanted' | 'removed', environment: Environment): Event {
  const busNumber = parseNumber(environment['BUSNUM'] ?? '');
  if (busNumber === undefined)
    return wrong('BUSNUM', environment['BUSNUM'], 'the bus number as lsusb prints it, "001"');
  const deviceNumber = parseNumber(environment['DEVNUM'] ?? '');
  if (deviceNumber === undefined) {
    return wrong('DEVNUM', environment['DEVNUM'], 'the device number as lsusb prints it, "037"');
  }

  const devpath = environment['DEVPATH'] ?? '';
  const name = parseDevpath(devpath);
  if (devpath !== '' && name === undefined) {
    return wrong('DEVPATH', devpath, 'a USB device\'s path, "/devices/…/usb1/1-1"');
  }
  if (name !== undefined && busOf(name) !== busNumber) {
    return {
      kind: 'invalid',
      message: `BUSNUM says bus ${busNumber} but DEVPATH speaks of ${name}, which is on bus ${busOf(name)}`,
    };
  }
  return {
    kind,
    busNumber,
    deviceNumber,
    path: name && { devpath, name },
    ids: parseProduct(environment['PRODUCT'] ?? ''),
    product: decodeModel(environment['ID_MODEL_ENC'] ?? ''),
    seqnum: parseSeqnum(environment['SEQNUM'] ?? ''),
  };
}

function wrong(variable: string, value: string | undefined, expected: string): Event {
  const state = value === undefined || value === '' ? 'is not set' : `is "${value}"`;
  return { kind: 'invalid', message: `${variable} ${state}; it should be ${expected}` };
}

function parseSeqnum(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number.parseInt(text, 10) : 0;
}
