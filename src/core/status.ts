import type { DomainName } from './domain.js';
import type { Holding } from './holding.js';
import type { Hostdev } from './hostdev.js';
import { nameOf, type InventoryDevice } from './inventory.js';
import { parseMark } from './mark.js';
import { printable } from './message.js';

/** One of a domain's USB devices: one that it holds, or one that it is to have. */
export interface DomainDevice {
  /** The port on the host; empty where nobody knows of one. */
  readonly port: string;
  /** What it is, or was. */
  readonly name: string;
  readonly alias: string;
  /** `stale`: the domain holds something that is not plugged in any more, or is another device by now. */
  readonly state: Holding['kind'] | 'stale';
  readonly why: string;
  /** Whether QEMU shows it; undefined where it was not asked or is to hold nothing. */
  readonly inQemu: boolean | undefined;
}

export interface DomainStatusInput {
  readonly domain: DomainName;
  readonly hostdevs: readonly Hostdev[];
  readonly devices: readonly InventoryDevice[];
  readonly holdingOf: (device: InventoryDevice) => Holding;
  readonly inQemu: ReadonlySet<string> | undefined;
}

/** What a domain holds by its live XML, and what waits for it. */
export function devicesOfDomain({ domain, hostdevs, devices, holdingOf, inQemu }: DomainStatusInput): DomainDevice[] {
  const held = hostdevs.map((hostdev): DomainDevice => {
    const { alias, address, missing } = hostdev;
    const mark = parseMark(alias);
    const device = devices.find(
      ({ name, busNumber, deviceNumber }) =>
        busNumber === address?.busNumber &&
        deviceNumber === address.deviceNumber &&
        (mark === undefined || mark.device === name),
    );
    const known = { alias, inQemu: missing ? undefined : inQemu?.has(alias) };
    if (device === undefined || missing) {
      const name = address === undefined ? '' : `bus ${address.busNumber} device ${address.deviceNumber}`;
      return { ...known, port: mark?.device ?? '', name, state: 'stale', why: 'it is not plugged in any more' };
    }
    const holding = holdingOf(device);
    const why = 'why' in holding ? holding.why : '';
    return { ...known, port: device.name, name: describe(device), state: holding.kind, why };
  });
  const waiting = devices.flatMap((device): DomainDevice[] => {
    const holding = holdingOf(device);
    if (held.some(({ port, state }) => port === device.name && state !== 'stale')) return [];
    return 'why' in holding && [domain.name, domain.uuid].includes(holding.domain)
      ? [
          {
            port: device.name,
            name: describe(device),
            alias: '',
            state: holding.kind,
            why: holding.why,
            inQemu: undefined,
          },
        ]
      : [];
  });
  return [...held, ...waiting];
}

function describe(device: InventoryDevice): string {
  return `${device.vendorId}:${device.productId} ${printable(nameOf(device))}`.trimEnd();
}
