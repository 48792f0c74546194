import { parseSysfsName, type SysfsName } from './device.js';
import { parseJson } from './json.js';
import { byHand, type Want } from './want.js';

/** More attaches than this at one port, each of a new plug, within the time below, are no replugging any more. */
export const attachLimit = 6;
export const attachWindowMs = 60_000;

/** The attaches at one port of late: what tells a device that comes and goes endlessly. */
export interface PortHistory {
  readonly device: SysfsName;
  /** Oldest first; each is a plug that was attached here, or would have been. */
  readonly attaches: readonly { readonly deviceNumber: number; readonly plugId: string; readonly atMs: number }[];
  /** Whether the last of them is left alone, and whether the one before it was so already. */
  readonly stopped: 'no' | 'first' | 'again';
}

/** The history after one more attach is about to be made; the same one when it is a second try for the same plug. */
export function noteAttach(earlier: PortHistory | undefined, want: Want, nowMs: number): PortHistory {
  const { device, deviceNumber, plugId } = want;
  const last = earlier?.attaches.at(-1);
  const sameAgain = last?.deviceNumber === deviceNumber && last.plugId === plugId;
  if (earlier !== undefined && sameAgain && (want.seqnum !== byHand || earlier.stopped === 'no')) return earlier;
  if (want.seqnum === byHand) return { device, attaches: [{ deviceNumber, plugId, atMs: nowMs }], stopped: 'no' };
  // A clock that was set back leaves times of the future: they are no reason to stop anything either.
  const recent = (earlier?.attaches ?? []).filter(({ atMs }) => Math.abs(nowMs - atMs) < attachWindowMs);
  const attaches = [...recent, { deviceNumber, plugId, atMs: nowMs }];
  const first = earlier === undefined || earlier.stopped === 'no' ? 'first' : 'again';
  return {
    device,
    attaches: attaches.slice(-attachLimit - 1),
    stopped: attaches.length > attachLimit ? first : 'no',
  };
}

/** Whether nothing in it can stop an attach any more. */
export function isPast({ attaches }: PortHistory, nowMs: number): boolean {
  return attaches.every(({ atMs }) => Math.abs(nowMs - atMs) >= attachWindowMs);
}

/** "1-1.2.json" → "1-1.2". */
export function parsePortFileName(fileName: string): SysfsName | undefined {
  return fileName.endsWith('.json') ? parseSysfsName(fileName.slice(0, -'.json'.length)) : undefined;
}

/** Reads a history's file; undefined when it is none of that port. */
export function parsePortHistory(device: SysfsName, text: string): PortHistory | undefined {
  const history = parseJson(text) as Partial<PortHistory> | null | undefined;
  return history?.device === device && Array.isArray(history.attaches) && typeof history.stopped === 'string'
    ? (history as PortHistory)
    : undefined;
}
