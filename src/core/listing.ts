import { busOf, padNumber, type SysfsName } from './device.js';
import type { Holding } from './holding.js';
import { controllerOf, describeSpeed, isVirtual, nameOf, type InventoryDevice } from './inventory.js';
import { printable } from './message.js';

/** A device with how it stands. */
export interface ListedDevice {
  readonly device: InventoryDevice;
  readonly holding: Holding;
}

/** How an output is coloured; every one the identity where it is not. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** What nobody hands over: hubs, root hubs, and devices of virtual controllers. */
export function isPlumbing({ hub, devpath }: InventoryDevice): boolean {
  return hub || isVirtual(devpath);
}

/** A device's cells: port, ids, speed, name, domain, state. */
export function rowOf({ device, holding }: ListedDevice): string[] {
  return [
    device.name,
    `${device.vendorId}:${device.productId}`,
    describeSpeed(device.speed),
    printable(nameOf(device)),
    'domain' in holding ? printable(holding.domain) : '-',
    describeHolding(holding, device),
  ];
}

export const listHeader = ['PORT', 'ID', 'SPEED', 'DEVICE', 'DOMAIN', 'STATE'];

/** One word, and the reason where there is one. */
export function describeHolding(holding: Holding, { hub }: Pick<InventoryDevice, 'hub'>): string {
  switch (holding.kind) {
    case 'free':
      return hub ? 'hub' : 'free';
    case 'attached':
      return 'attached';
    case 'static':
      return 'static: in its XML, and not by this program';
    case 'waiting':
    case 'refused':
    case 'leaving':
    case 'released':
      return `${holding.kind}: ${holding.why}`;
  }
}

/**
 * The topology: root hubs, what is plugged into them, and what is behind that, a line each. Root hubs with nothing
 * behind them are left out unless `all`; what is drawn without its hub begins a tree of its own.
 */
export function drawTree(
  listed: readonly ListedDevice[],
  { all, paint }: { readonly all: boolean; readonly paint: Paint },
): string[] {
  const childrenOf = (name: SysfsName) => listed.filter(({ device }) => parentOf(device.name) === name);
  const names = new Set(listed.map(({ device }) => device.name));
  return listed
    .filter(({ device: { name } }) => !names.has(parentOf(name) ?? name) || name.startsWith('usb'))
    .filter(({ device: { name } }) => all || !name.startsWith('usb') || childrenOf(name).length > 0)
    .flatMap((root) => [
      root.device.name.startsWith('usb') ? describeRoot(root.device, paint) : describeLeaf(root, paint),
      ...drawChildren(childrenOf(root.device.name), ''),
    ]);

  function drawChildren(children: readonly ListedDevice[], indent: string): string[] {
    return children.flatMap((child, index) => {
      const last = index === children.length - 1;
      return [
        `${indent}${last ? '└─' : '├─'} ${describeLeaf(child, paint)}`,
        ...drawChildren(childrenOf(child.device.name), `${indent}${last ? '   ' : '│  '}`),
      ];
    });
  }
}

/** "1-1.2" → "1-1", "1-1" → "usb1", "usb1" → undefined. */
export function parentOf(name: SysfsName): SysfsName | undefined {
  if (name.startsWith('usb')) return undefined;
  const dot = name.lastIndexOf('.');
  return (dot < 0 ? `usb${busOf(name)}` : name.slice(0, dot)) as SysfsName;
}

function describeRoot(device: InventoryDevice, paint: Paint): string {
  const where = controllerOf(device.devpath) ?? (isVirtual(device.devpath) ? 'virtual' : '');
  return `${paint.bold(device.name)}  ${paint.dim([describeSpeed(device.speed), where, printable(device.product)].filter((word) => word !== '').join('  '))}`;
}

function describeLeaf({ device, holding }: ListedDevice, paint: Paint): string {
  const words = [
    paint.bold(device.name),
    `${device.vendorId}:${device.productId}`,
    printable(nameOf(device)),
    paint.dim(describeSpeed(device.speed)),
  ].filter((word) => word !== '');
  const shade = holding.kind === 'attached' || holding.kind === 'static' ? paint.good : paint.bad;
  const state =
    holding.kind === 'free' ? [] : [shade(`→ ${printable(holding.domain)} ${describeHolding(holding, device)}`)];
  return [...words, ...state].join('  ');
}

/**
 * A device for programs. Stable: fields are added, never changed or taken away.
 *
 *     { "port": "1-1", "bus": 1, "device": 2, "vendorId": "0627", "productId": "0001", "vendor": "QEMU",
 *       "product": "QEMU USB Keyboard", "serial": "KBD01", "speedMbits": 480, "hub": false, "virtual": false,
 *       "controller": "0000:00:05.0", "devpath": "/devices/…/usb1/1-1",
 *       "state": "attached", "domain": "testvm-01", "why": null }
 */
export function toJson({ device, holding }: ListedDevice): Record<string, unknown> {
  return {
    port: device.name,
    bus: device.busNumber,
    device: device.deviceNumber,
    vendorId: device.vendorId,
    productId: device.productId,
    vendor: device.vendor,
    product: device.product,
    serial: device.serial,
    speedMbits: Number(device.speed) || null,
    hub: device.hub,
    virtual: isVirtual(device.devpath),
    controller: controllerOf(device.devpath) ?? null,
    devpath: device.devpath,
    state: holding.kind,
    domain: 'domain' in holding ? holding.domain : null,
    why: 'why' in holding ? holding.why : null,
  };
}

/** "001/037", as lsusb and the grammar of selectors have it. */
export function numbersOf({ busNumber, deviceNumber }: Pick<InventoryDevice, 'busNumber' | 'deviceNumber'>): string {
  return `${padNumber(busNumber)}/${padNumber(deviceNumber)}`;
}
