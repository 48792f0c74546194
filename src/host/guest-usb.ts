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

/** The buses of a domain; undefined when its XML cannot be had, or it does not run. */
export async function readGuestBuses(virsh: Program, uri: string, uuid: string): Promise<GuestBus[] | undefined> {
  const xml = await virsh(['--quiet', '--connect', uri, 'dumpxml', '--', uuid], limitMs);
  const domain = xml.kind === 'done' ? parseDomain(xml.stdout) : undefined;
  return domain?.running === true ? guestBusesOf(domain) : undefined;
}

/** What QEMU has to say besides, which is asked only where a person wants it: libvirt notes it as a taint of the domain. */
export async function readGuestUsb(virsh: Program, uri: string, uuid: string): Promise<GuestUsb | undefined> {
  const [buses, usb] = await Promise.all([
    readGuestBuses(virsh, uri, uuid),
    virsh(['--quiet', '--connect', uri, 'qemu-monitor-command', '--hmp', '--', uuid, 'info usb'], limitMs),
  ]);
  return buses && { buses, inQemu: usb.kind === 'done' ? parseInfoUsb(usb.stdout) : undefined };
}

/** "  Device 0.0, Port 1, Speed 480 Mb/s, Product QEMU USB Keyboard, ID: ua-usbhp-1-1-2" → the ID. */
function parseInfoUsb(text: string): Set<string> {
  return new Set([...text.matchAll(/, ID: (\S+)\s*$/gm)].map(([, id = '']) => id));
}
