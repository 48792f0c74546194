import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SysfsName } from '../core/device.js';
import { devicesIn } from './sysfs.js';

/**
 * What a device calls itself; empty when it does not say, or the kernel is busy with it. Not for udev's way,
 * where ID_MODEL_ENC tells it: the kernel lets nobody read the name while it resets the device.
 */
export async function readProduct(sysfs: string, name: SysfsName): Promise<string> {
  const text = readFile(join(devicesIn(sysfs), name, 'product'), 'utf8').catch(() => '');
  return (await Promise.race([text, sleep(productLimitMs, '', { ref: false })])).trim();
}

const productLimitMs = 300;
