import { parseSysfsName } from './device.js';
import type { WantKey } from './want.js';

/**
 * The alias by which an attachment is known as ours: "1-1.2" under number 37 → "ua-usbhp-1-1_2-37".
 * libvirt takes only letters, digits, "-" and "_" there, and drops any other alias without a word.
 * With the number in it, a quick replug never collides with its own ghost.
 */
export function markOf({ device, deviceNumber }: WantKey): string {
  return `${prefix}${device.replaceAll('.', '_')}-${deviceNumber}`;
}

/** The device that a mark speaks of; undefined for every alias that is not ours. */
export function parseMark(alias: string): WantKey | undefined {
  const match = alias.startsWith(prefix) ? /^(\d+-[\d_]+)-([1-9]\d{0,2})$/.exec(alias.slice(prefix.length)) : null;
  const device = parseSysfsName((match?.[1] ?? '').replaceAll('_', '.'));
  return device === undefined ? undefined : { device, deviceNumber: Number(match?.[2]) };
}

const prefix = 'ua-usbhp-';
