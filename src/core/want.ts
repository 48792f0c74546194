import { padNumber, parseSysfsName, type SysfsName } from './device.js';
import { parseJson } from './json.js';

/**
 * "This device, at this port under this number, belongs to that domain": written once per plug by the
 * hook, deleted by the worker when the device is gone and nothing of it is left in any domain.
 * On file its fields stand in this order, which the hook's shell front reads by (rules/hook).
 */
export interface Want {
  readonly device: SysfsName;
  readonly busNumber: number;
  readonly deviceNumber: number;
  readonly devpath: string;
  /** As the plugged device's. */
  readonly plugId: string;
  /** Four lowercase hex digits each. */
  readonly vendorId: string;
  readonly productId: string;
  /** What the device calls itself; empty when it was not asked. */
  readonly product: string;
  /** As the rule or the person named it: a name or a UUID. */
  readonly domain: string;
  readonly uri: string;
  /** The event that last spoke for this domain; `byHand` when a person did, `beforeAnyEvent` when none is known. */
  readonly seqnum: number;
  /** Other domains whose rules asked for the device and were refused. */
  readonly rivals: readonly string[];
  /** A person took the device back: it stays out of every domain until it is replugged or given again by hand. */
  readonly released: boolean;
  /** Milliseconds since the epoch when it was claimed, and what tells one claim from the next. */
  readonly claimedAtMs: number;
}

/** In place of an event's number: a person spoke, whom no rule overrules. */
export const byHand = 0;
/** In place of an event's number: the rules spoke once, in an event of which only the result is known. */
export const beforeAnyEvent = 1;

/** Who claims a device, and when. */
export interface Claimant {
  readonly domain: string;
  readonly uri: string;
  readonly seqnum: number;
  readonly claimedAtMs: number;
}

/** A claim as it goes on file. */
export function newWant(device: WantedDevice, { domain, uri, seqnum, claimedAtMs }: Claimant): Want {
  return {
    device: device.device,
    busNumber: device.busNumber,
    deviceNumber: device.deviceNumber,
    devpath: device.devpath,
    plugId: device.plugId,
    vendorId: device.vendorId,
    productId: device.productId,
    product: device.product,
    domain,
    uri,
    seqnum,
    rivals: [],
    released: false,
    claimedAtMs,
  };
}

/** The device that a want is about. */
export type WantedDevice = Pick<
  Want,
  'device' | 'busNumber' | 'deviceNumber' | 'devpath' | 'plugId' | 'vendorId' | 'productId' | 'product'
>;

export interface WantKey {
  readonly device: SysfsName;
  readonly deviceNumber: number;
}

/** "1-1.2@037.json": port and device number as udev prints them, so that a rule can TEST for the file. */
export function wantFileName({ device, deviceNumber }: WantKey): string {
  return `${device}@${padNumber(deviceNumber)}.json`;
}

export function parseWantFileName(fileName: string): WantKey | undefined {
  const match = /^([^@]+)@(\d{3})\.json$/.exec(fileName);
  const device = parseSysfsName(match?.[1] ?? '');
  return device === undefined ? undefined : { device, deviceNumber: Number.parseInt(match?.[2] ?? '', 10) };
}

/** Reads a want's file; undefined when it is not a want of that device, whatever else it may be. */
export function parseWant(fileName: string, text: string): Want | undefined {
  const key = parseWantFileName(fileName);
  const want = parseJson(text) as Partial<Record<keyof Want, unknown>> | null | undefined;
  const whole =
    key !== undefined &&
    typeof want === 'object' &&
    want !== null &&
    want.device === key.device &&
    want.deviceNumber === key.deviceNumber &&
    isNumber(want.busNumber) &&
    isNumber(want.seqnum) &&
    isNumber(want.claimedAtMs) &&
    [want.devpath, want.plugId, want.vendorId, want.productId, want.product, want.domain, want.uri].every(isString) &&
    Array.isArray(want.rivals) &&
    want.rivals.every(isString) &&
    typeof want.released === 'boolean';
  return whole ? (want as Want) : undefined;
}

type Plug = Pick<Want, 'deviceNumber' | 'plugId' | 'vendorId' | 'productId'>;

/** Whether two that were seen at one port are one plug: numbers come again. */
export function isSamePlug(one: Plug, other: Plug): boolean {
  return (
    one.deviceNumber === other.deviceNumber &&
    isSamePlugId(one.plugId, other.plugId) &&
    one.vendorId === other.vendorId &&
    one.productId === other.productId
  );
}

/** Two that are not both known count as one. */
export function isSamePlugId(one: string, other: string): boolean {
  return one === other || one === '' || other === '';
}

/** What a claim does to the want that is on file. `wake`: whether there is something new for the worker. */
export type Claim =
  | { readonly kind: 'write'; readonly want: Want; readonly wake: boolean }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly owner: Want; readonly rewrite: Want | undefined };

/**
 * One device, one owner. Of two rules in one event (same SEQNUM) the first stands; a newer event (the rules
 * were edited, the device triggered again) may name a new domain; a person's word stands against all rules.
 * The same claim again changes nothing: a plug alone brings three events.
 */
export function claim(onFile: Want | undefined, want: Want): Claim {
  if (onFile === undefined || !isSamePlug(onFile, want) || want.seqnum === byHand)
    return { kind: 'write', want, wake: true };
  if (onFile.released) return { kind: 'unchanged' };
  // Put aside at boot, and taken up after a hook that came later has spoken.
  if (onFile.seqnum !== byHand && want.seqnum < onFile.seqnum) return { kind: 'unchanged' };

  if (onFile.domain === want.domain && onFile.uri === want.uri) {
    // While rivals are about, the owner must be seen to speak first in each event, or the next rival took it for gone.
    return onFile.rivals.length > 0 && onFile.seqnum !== byHand && want.seqnum > onFile.seqnum
      ? { kind: 'write', want: { ...onFile, seqnum: want.seqnum }, wake: false }
      : { kind: 'unchanged' };
  }
  if (want.seqnum === onFile.seqnum || onFile.seqnum === byHand) {
    const known = onFile.rivals.includes(want.domain);
    return {
      kind: 'refused',
      owner: onFile,
      rewrite: known ? undefined : { ...onFile, rivals: [...onFile.rivals, want.domain] },
    };
  }
  return { kind: 'write', want, wake: true };
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
