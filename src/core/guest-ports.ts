import type { DomainXml, UsbController } from './hostdev.js';

/** What can be plugged into a running domain yet. */
export interface GuestBus {
  readonly index: number;
  /** As in the XML; of a USB 2 controller with its companions, the former. */
  readonly model: string;
  /** Those of its hubs included. */
  readonly ports: number;
  readonly free: number;
  /** The speeds, in Mbit/s, of what works there. */
  readonly slowest: number;
  readonly fastest: number;
}

/** A guest's hub has eight. */
const hubPorts = 8;

/** A domain's USB buses: one controller each, or one USB 2 controller with the companions that share its ports. */
export function guestBusesOf({ controllers, guestPorts }: Pick<DomainXml, 'controllers' | 'guestPorts'>): GuestBus[] {
  const indexes = [...new Set(controllers.map(({ index }) => index))].sort((one, other) => one - other);
  return indexes.flatMap((index) => {
    const group = controllers.filter((controller) => controller.index === index);
    const main = group.find(({ model }) => !isCompanion(model)) ?? group[0];
    if (main === undefined) return [];
    const used = guestPorts.filter(({ controller }) => controller === index);
    const ports = portsOf(main) + hubPorts * used.filter(({ hub }) => hub).length;
    const [slowest, fastest] = speedsOf(main.model, group.length > 1);
    return [{ index, model: main.model, ports, free: Math.max(0, ports - used.length), slowest, fastest }];
  });
}

/** Whether a device of this speed (sysfs's, Mbit/s) works at a bus. Nobody knows of one that tells no speed. */
export function fits(bus: GuestBus, speed: string): boolean {
  const mbits = Number(speed);
  return !(mbits > 0) || (mbits >= bus.slowest && mbits <= bus.fastest);
}

function isCompanion(model: string): boolean {
  return /^ich9-uhci/.test(model);
}

/** What a model has where the XML does not say; a companion shares the ports of its USB 2 controller. */
function portsOf({ model, ports }: UsbController): number {
  if (ports !== undefined) return ports;
  if (/ehci/.test(model)) return 6;
  if (/xhci/.test(model)) return 4;
  // Xen's.
  if (/^qusb/.test(model)) return 8;
  return model === 'pci-ohci' ? 3 : 2;
}

function speedsOf(model: string, withCompanions: boolean): [number, number] {
  if (/xhci|^qusb/.test(model)) return [1.5, Infinity];
  if (/ehci/.test(model)) return [withCompanions ? 1.5 : 480, 480];
  return [1.5, 12];
}
