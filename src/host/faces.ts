import { readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { busOf, parseSysfsName, type SysfsName } from '../core/device.js';
import type { Faces } from '../core/assignment.js';
import { chainOf, speedsLike, type Face } from '../core/face.js';
import { parentOf } from '../core/listing.js';
import { readIfThere } from './files.js';
import { devicesIn, readDevpath } from './sysfs.js';

/**
 * The faces of the socket that a port is one of, this one first; whether something is plugged in makes no difference.
 * The other is known only as long as the hub is there. Undefined when there is no such bus.
 */
export function readFaces(sysfs: string, name: SysfsName): Faces | undefined {
  const face = readFace(sysfs, name);
  if (face === undefined) return undefined;
  const peer = readPeer(sysfs, name);
  const other = peer && readFace(sysfs, peer);
  return other === undefined ? [face] : [face, other];
}

/** The one face alone. */
export function readFace(sysfs: string, name: SysfsName): Face | undefined {
  const root = `usb${busOf(name)}` as SysfsName;
  const devpath = readDevpath(sysfs, root);
  const speed = readBusSpeed(sysfs, name);
  if (devpath === '' || speed === '') return undefined;
  return { controller: dirname(devpath), speeds: speedsLike(speed), chain: chainOf(name) };
}

/** What the root hub of a device's bus runs at, in Mbit/s; empty when there is no such bus. */
export function readBusSpeed(sysfs: string, name: SysfsName): string {
  return readIfThere(join(devicesIn(sysfs), `usb${busOf(name)}`, 'speed'))?.trim() ?? '';
}

/** The port that is the same socket's at the other speed: 1-4 → 2-3, when the hub's driver says so. */
function readPeer(sysfs: string, name: SysfsName): SysfsName | undefined {
  const hub = parentOf(name);
  if (hub === undefined) return undefined;
  // A root hub's own interface is named as if it were plugged in at port 0.
  const hubInterface = hub.startsWith('usb') ? `${busOf(hub)}-0:1.0` : `${hub}:1.0`;
  const port = `${hub}-port${/\d+$/.exec(name)?.[0] ?? ''}`;
  try {
    return portNamed(basename(readlinkSync(join(devicesIn(sysfs), hub, hubInterface, port, 'peer'))));
  } catch {
    return undefined;
  }
}

/** "usb2-port3" → "2-3", "2-3-port2" → "2-3.2". */
function portNamed(text: string): SysfsName | undefined {
  const [, hub = '', port = ''] = /^(.+)-port(\d+)$/.exec(text) ?? [];
  return parseSysfsName(hub.startsWith('usb') ? `${hub.slice('usb'.length)}-${port}` : `${hub}.${port}`);
}
