import { guestBusesOf, type GuestBus } from '../core/guest-ports.js';
import { parseDomain } from '../core/hostdev.js';
import type { Program } from './program.js';

/** What a running domain's side of USB looks like. */
export interface GuestUsb {
  readonly buses: readonly GuestBus[];
  /** The aliases of the devices that QEMU itself shows; undefined where it could not be asked. */
  readonly inQemu: ReadonlySet<string> | undefined;
}

const limitMs = 20_000;

/** Undefined when the domain's XML cannot be had, or it does not run. */
export async function readGuestUsb(virsh: Program, uri: string, uuid: string): Promise<GuestUsb | undefined> {
  const ask = (...args: string[]) => virsh(['--quiet', '--connect', uri, ...args], limitMs);
  const [xml, usb] = await Promise.all([
    ask('dumpxml', '--', uuid),
    ask('qemu-monitor-command', '--hmp', '--', uuid, 'info usb'),
  ]);
  const domain = xml.kind === 'done' ? parseDomain(xml.stdout) : undefined;
  if (domain?.running !== true) return undefined;
  return { buses: guestBusesOf(domain), inQemu: usb.kind === 'done' ? parseInfoUsb(usb.stdout) : undefined };
}

/** "  Device 0.0, Port 1, Speed 480 Mb/s, Product QEMU USB Keyboard, ID: ua-usbhp-1-1-2" → the ID. */
function parseInfoUsb(text: string): Set<string> {
  return new Set([...text.matchAll(/, ID: (\S+)\s*$/gm)].map(([, id = '']) => id));
}
