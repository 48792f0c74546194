import { Builder, parseString } from 'xml2js';

/** A USB hostdev of a domain, as its live XML tells. */
export interface Hostdev {
  readonly alias: string;
  /** Undefined where the definition went by vendor and product and libvirt filled nothing in. */
  readonly address: UsbAddress | undefined;
  /** An optional one whose device was not there when the domain started: it holds nothing. */
  readonly missing: boolean;
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

/**
 * The USB hostdevs of a domain's XML, and whether it is the live XML (libvirt prints an id then): of a
 * domain that stopped a moment ago dumpxml prints the stored definition. Undefined when it is no domain's XML.
 */
export function parseDomain(domainXml: string): { running: boolean; hostdevs: Hostdev[] } | undefined {
  let document: unknown;
  // xml2js calls back before it returns unless told otherwise.
  parseString(domainXml, (error: Error | null, result: unknown) => {
    if (error === null) document = result;
  });
  const domain = childOf(document, 'domain');
  if (domain === undefined) return undefined;
  const hostdevs = childrenOf(childOf(domain, 'devices'), 'hostdev')
    .filter((hostdev) => attributeOf(hostdev, 'type') === 'usb')
    .map((hostdev) => ({
      alias: attributeOf(childOf(hostdev, 'alias'), 'name') ?? '',
      address: addressOf(childOf(childOf(hostdev, 'source'), 'address')),
      missing: attributeOf(childOf(hostdev, 'source'), 'missing') === 'yes',
    }));
  return { running: attributeOf(domain, 'id') !== undefined, hostdevs };
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
