import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SysfsName } from '../core/device.js';
import { devicesIn } from './sysfs.js';

/** What a device calls itself; empty when it does not say, or the kernel is busy with it. */
export async function readProduct(sysfs: string, name: SysfsName): Promise<string> {
  return (await readString(sysfs, name, 'product')).trim();
}

/**
 * One of the texts that a device tells of itself; empty when it does not say, or the kernel is busy with it. Not for
 * udev's way, where properties tell it: the kernel lets nobody read these while it resets the device. Blanks at the end
 * are left out, as udev does where it matches; those at the beginning count.
 */
export async function readString(
  sysfs: string,
  name: SysfsName,
  attribute: 'manufacturer' | 'product' | 'serial',
): Promise<string> {
  const text = readFile(join(devicesIn(sysfs), name, attribute), 'utf8').catch(() => '');
  return (await Promise.race([text, sleep(limitMs, '', { ref: false })])).replace(/[ \t\r\n]+$/, '');
}

const limitMs = 300;
