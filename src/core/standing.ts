import type { SysfsName } from './device.js';
import { parseJson } from './json.js';
import type { FailureKind } from './virsh-failure.js';
import { parseWantFileName, type WantKey } from './want.js';

/** How a want stands: the worker's own word on it, kept in a file beside the want's. */
export type Standing =
  | { readonly kind: 'attached'; readonly domain: string }
  /** Not attached, but it will be as soon as what is in the way is gone. */
  | { readonly kind: 'waiting'; readonly reason: WaitingReason; readonly said: string }
  /** Not attached, and waiting would not help. */
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** Unplugged or taken back, and not out of its domain yet. */
  | { readonly kind: 'leaving'; readonly reason: WaitingReason; readonly said: string }
  /** Taken back by a person, and out of every domain. */
  | { readonly kind: 'released' }
  /** Unplugged, and out of every domain. The last word on a want, as is the next one. */
  | { readonly kind: 'gone' }
  /** Unplugged before a domain had it. */
  | { readonly kind: 'dropped' };

/** `flapping`: it comes and goes too often; `still-flapping`: it did so under its last number already, and that was told. */
export type RefusalReason = 'hub' | 'flapping' | 'still-flapping';

export type WaitingReason = FailureKind | 'not-configured' | 'not-in-live-xml' | 'still-attached';

/** What the worker remembers of a device from one run to the next. */
export interface DeviceRecord {
  readonly device: SysfsName;
  readonly deviceNumber: number;
  /** The claim (`claimedAtMs`) that was judged. */
  readonly claimedAtMs: number;
  /** The plug that was judged, as in its want. */
  readonly plugId: string;
  readonly standing: Standing;
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
  /** Whether it was told in the log: what passes by itself within moments is told only when it did not pass. */
  readonly announced: boolean;
}

export function recordKey(want: WantKey): string {
  return `${want.device}@${want.deviceNumber}`;
}

/** Reads a record's file; undefined when it is none of that device (then the device is simply judged anew). */
export function parseRecord(fileName: string, text: string): DeviceRecord | undefined {
  const key = parseWantFileName(fileName);
  const record = parseJson(text) as Partial<DeviceRecord> | null | undefined;
  return key !== undefined &&
    record?.device === key.device &&
    record.deviceNumber === key.deviceNumber &&
    typeof record.claimedAtMs === 'number' &&
    typeof record.plugId === 'string' &&
    typeof record.standing === 'object'
    ? (record as DeviceRecord)
    : undefined;
}

/** Whether two standings say the same to a person, so that the second needs no line of its own. */
export function sameStanding(one: Standing, other: Standing): boolean {
  switch (one.kind) {
    case 'attached':
      return other.kind === 'attached' && other.domain === one.domain;
    case 'waiting':
      return other.kind === 'waiting' && other.reason === one.reason;
    case 'refused':
      return other.kind === 'refused' && other.reason === one.reason;
    case 'leaving':
    case 'released':
    case 'gone':
    case 'dropped':
      return other.kind === one.kind;
  }
}

/** Whether it is worth no line in the log of its own. */
export function isToldAlready(standing: Standing): boolean {
  return standing.kind === 'refused' && standing.reason === 'still-flapping';
}

/** Whether it mostly passes by itself within moments, and needs no line in the log while it is tried again. */
export function isFleeting(reason: WaitingReason): boolean {
  return !['hypervisor-unreachable', 'timed-out'].includes(reason) && retryPauseMs(reason, 0) !== undefined;
}

/**
 * How long to pause before the next try of something that went wrong `tries` times, in milliseconds;
 * undefined when trying again by itself is no use: the next event, domain start or wake is what helps.
 */
export function retryPauseMs(reason: WaitingReason, tries: number): number | undefined {
  switch (reason) {
    case 'alias-taken':
    case 'not-configured':
      // The kernel configures a device within milliseconds of `add`; what takes longer has to be authorized first.
      return tries < 30 ? 100 : undefined;
    case 'device-not-found':
    case 'device-not-openable':
    case 'not-in-live-xml':
    case 'not-attached':
    case 'still-attached':
    case 'unexplained':
      return tries < 6 ? 250 * 2 ** tries : undefined;
    // Nobody tells us when a daemon that hung goes on, or when a domain's long job ends.
    case 'timed-out':
      return Math.min(1000 * 2 ** tries, 60_000);
    case 'domain-busy':
      return Math.min(250 * 2 ** tries, 60_000);
    case 'hypervisor-unreachable':
      return tries < 6 ? 1000 * 2 ** tries : undefined;
    case 'device-in-use':
      // It may be on its way from one domain to another.
      return tries < 4 ? 250 * 2 ** tries : undefined;
    case 'domain-not-running':
    case 'domain-unknown':
    case 'denied':
    case 'no-free-port':
    case 'virsh-missing':
      return undefined;
  }
}
