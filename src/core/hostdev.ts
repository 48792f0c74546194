import { Builder, parseString } from 'xml2js';

/** A USB hostdev of a domain, as its live XML tells. */
export interface Hostdev {
  readonly alias: string;
  /** Undefined where the definition went by vendor and product and libvirt filled nothing in. */
  readonly address: UsbAddress | undefined;
  /** An optional one whose device was not there when the domain started: it holds nothing. */
  readonly missing: boolean;
}

/** One of a domain's USB controllers. */
export interface UsbController {
  readonly index: number;
  /** "qemu-xhci", "piix3-uhci"; "default" where the XML leaves it to libvirt. */
  readonly model: string;
  /** As the XML says; undefined where the model decides. */
  readonly ports: number | undefined;
}

/** Where a device of the guest is plugged in: the controller's index, and the port, "1" or behind a guest's hub "1.2". */
export interface GuestPort {
  readonly controller: number;
  readonly port: string;
  /** A hub of the guest's, which brings ports. */
  readonly hub: boolean;
}

/** What is known of a domain by its XML. */
export interface DomainXml {
  /** libvirt prints an id in the live XML: of a domain that stopped a moment ago dumpxml prints the stored definition. */
  readonly running: boolean;
  readonly hostdevs: Hostdev[];
  readonly controllers: UsbController[];
  readonly guestPorts: GuestPort[];
}

/** Numbers of the host's: what `lsusb` prints, unpadded. */
export interface UsbAddress {
  readonly busNumber: number;
  readonly deviceNumber: number;
}

/**
 * The hostdev XML that virsh is given, for example
 *
 *     <hostdev mode="subsystem" type="usb">
 *       <source>
 *         <address bus="1" device="37"/>
 *       </source>
 *       <alias name="ua-usbhp-1-1_2-37"/>
 *     </hostdev>
 *
 * Always bus and device, never vendor and product: those match the first of several alike, and a peer's
 * users lost their boot disk to a guest that way. Numbers without leading zeros: libvirt reads 010 as eight.
 */
export function buildHostdev({ busNumber, deviceNumber }: UsbAddress, alias?: string): string {
  return new Builder({ headless: true, rootName: 'hostdev' }).buildObject({
    $: { mode: 'subsystem', type: 'usb' },
    source: { address: { $: { bus: busNumber, device: deviceNumber } } },
    ...(alias === undefined ? {} : { alias: { $: { name: alias } } }),
  });
}

/** Reads what a domain has of USB; undefined when it is no domain's XML. */
export function parseDomain(domainXml: string): DomainXml | undefined {
  let document: unknown;
  // xml2js calls back before it returns unless told otherwise.
  parseString(domainXml, (error: Error | null, result: unknown) => {
    if (error === null) document = result;
  });
  const domain = childOf(document, 'domain');
  if (domain === undefined) return undefined;
  const devices = childOf(domain, 'devices');
  const hostdevs = childrenOf(devices, 'hostdev')
    .filter((hostdev) => attributeOf(hostdev, 'type') === 'usb')
    .map((hostdev) => ({
      alias: attributeOf(childOf(hostdev, 'alias'), 'name') ?? '',
      address: addressOf(childOf(childOf(hostdev, 'source'), 'address')),
      missing: attributeOf(childOf(hostdev, 'source'), 'missing') === 'yes',
    }));
  const controllers = childrenOf(devices, 'controller')
    .filter((controller) => attributeOf(controller, 'type') === 'usb' && attributeOf(controller, 'model') !== 'none')
    .map((controller) => ({
      index: Number(attributeOf(controller, 'index') ?? 0),
      model: attributeOf(controller, 'model') ?? 'default',
      ports: Number(attributeOf(controller, 'ports')) || undefined,
    }));
  return {
    running: attributeOf(domain, 'id') !== undefined,
    hostdevs,
    controllers,
    guestPorts: readGuestPorts(devices),
  };
}

/** Every device of the guest that has a USB address: <address type='usb' bus='0' port='1'/>. */
function readGuestPorts(devices: unknown): GuestPort[] {
  if (typeof devices !== 'object' || devices === null) return [];
  return Object.entries(devices).flatMap(([element, list]) =>
    (Array.isArray(list) ? (list as unknown[]) : []).flatMap((device) => {
      const address = childrenOf(device, 'address').find((candidate) => attributeOf(candidate, 'type') === 'usb');
      const port = attributeOf(address, 'port');
      return port === undefined
        ? []
        : [{ controller: Number(attributeOf(address, 'bus') ?? 0), port, hub: element === 'hub' }];
    }),
  );
}

function addressOf(address: unknown): UsbAddress | undefined {
  const busNumber = Number(attributeOf(address, 'bus'));
  const deviceNumber = Number(attributeOf(address, 'device'));
  return busNumber > 0 && deviceNumber > 0 ? { busNumber, deviceNumber } : undefined;
}

// xml2js's shape: an element is { $: attributes, child: [elements] }, or a bare string when it has neither.

function childOf(element: unknown, name: string): unknown {
  const child = propertyOf(element, name);
  return Array.isArray(child) ? (child as unknown[])[0] : child;
}

function childrenOf(element: unknown, name: string): unknown[] {
  const children = propertyOf(element, name);
  return Array.isArray(children) ? children : [];
}

function attributeOf(element: unknown, name: string): string | undefined {
  const value = propertyOf(propertyOf(element, '$'), name);
  return typeof value === 'string' ? value : undefined;
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
