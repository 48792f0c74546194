// The buses: which device is plugged in where, under which number, and what sysfs says of it.
import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { devicesIn } from '../../src/host/sysfs.js';
import type { PluggedDevice, SysfsName } from '../../src/core/device.js';
import { nameOf } from '../wants.js';

export type Kind = keyof typeof kinds;
export type Port = (typeof ports)[number];

/** The mouse is other people's: no rule names it. */
export const kinds = {
  keyboard: { vendorId: '0627', productId: '0001', hub: false },
  stick: { vendorId: '0781', productId: '5567', hub: false },
  mouse: { vendorId: '093a', productId: '2510', hub: false },
  hub: { vendorId: '0409', productId: '55aa', hub: true },
} as const;

/** Two behind a hub at 1-4. */
export const ports = ['1-1', '1-2', '1-4', '1-4.1', '1-4.2', '2-1'] as const;

/** A device from the plug to the unplug. */
export interface Plugged {
  readonly port: Port;
  readonly kind: Kind;
  readonly busNumber: number;
  readonly deviceNumber: number;
  readonly authorized: boolean;
  /** The inode of its directory under sysfs. */
  readonly plugId: string;
  configured: boolean;
}

interface Buses {
  /** Holds a directory for each plugged device, for its inode; all else of sysfs is told by `readPlugged`. */
  readonly sysfs: string;
  /** After which the kernel begins again with the lowest number that is free; 127 on a real host. */
  readonly lastNumber: number;
  /** A number that should not come again yet: that takes 126 plugs on a real host. */
  readonly isResting: (busNumber: number, deviceNumber: number) => boolean;
}

export function openUsb({ sysfs, lastNumber, isResting }: Buses) {
  const plugged = new Map<Port, Plugged>();
  const lastGiven = new Map<number, number>();
  const ever: Plugged[] = [];
  let removed = 0;

  return {
    /** All that was plugged in at any time, the last first. */
    ever,
    at: (port: Port) => plugged.get(port),
    all: () => [...plugged.values()],

    /** Undefined where nothing can be plugged in: it is taken, its hub is absent, or it is no place for a hub. */
    plug(port: Port, kind: Kind, authorized: boolean): Plugged | undefined {
      const hubPort = port.includes('.') ? (port.split('.')[0] as Port) : undefined;
      if (plugged.has(port) || (kind === 'hub') !== (port === '1-4')) return undefined;
      if (hubPort !== undefined && plugged.get(hubPort)?.configured !== true) return undefined;
      const busNumber = Number.parseInt(port, 10);
      const deviceNumber = nextNumber(busNumber);
      const plugId = makeDirectory(port);
      const device: Plugged = { port, kind, busNumber, deviceNumber, authorized, plugId, configured: false };
      plugged.set(port, device);
      ever.unshift(device);
      return device;
    },

    /** With all that hangs on it; what hangs on it goes first. */
    unplug(port: Port): Plugged[] {
      const going = [...plugged.values()].filter(
        (device) => device.port === port || device.port.startsWith(`${port}.`),
      );
      going.sort((one, other) => other.port.length - one.port.length);
      for (const device of going) {
        plugged.delete(device.port);
        removeDirectory(device.port);
      }
      return going;
    },

    /** The controller's driver is bound anew, and counts from the beginning. */
    restartNumbers(busNumber: number): void {
      lastGiven.delete(busNumber);
    },

    readPlugged: (): ReadonlyMap<SysfsName, PluggedDevice> =>
      new Map(
        [...plugged.values()].map(({ port, kind, busNumber, deviceNumber, plugId, configured }) => {
          const name = nameOf(port);
          return [name, { name, busNumber, deviceNumber, plugId, configured, ...kinds[kind] }];
        }),
      ),
  };

  function makeDirectory(port: Port): string {
    const path = join(devicesIn(sysfs), port);
    mkdirSync(path, { recursive: true });
    return String(statSync(path, { bigint: true }).ino);
  }

  /** Kept out of the way, so that its inode is given to no other. */
  function removeDirectory(port: Port): void {
    removed += 1;
    renameSync(join(devicesIn(sysfs), port), join(sysfs, `removed-${removed}`));
  }

  function nextNumber(busNumber: number): number {
    const inUse = [...plugged.values()].filter((device) => device.busNumber === busNumber);
    let number = lastGiven.get(busNumber) ?? 1;
    for (let tries = 0; tries <= 127; tries += 1) {
      // Past the wrap only if all before are spoken for.
      number = number >= (tries < lastNumber ? lastNumber : 127) ? 2 : number + 1;
      if (inUse.every(({ deviceNumber }) => deviceNumber !== number) && !isResting(busNumber, number)) break;
    }
    lastGiven.set(busNumber, number);
    return number;
  }
}

export type Usb = ReturnType<typeof openUsb>;
