import { parseSysfsName, type SysfsName } from './device.js';

/**
 * One face of a socket, or of a hub's. A USB 3 socket has two: what is plugged in appears at the one of its speed, on a
 * bus of its own and perhaps under another port number. Bus numbers change from boot to boot, and are left out.
 */
export interface Face {
  /** The controller's path as DEVPATH has it: "/devices/pci0000:00/0000:00:14.0". */
  readonly controller: string;
  /** What its root hub's speed may be in sysfs, as udev matches it: "480", "5000|10000|20000". */
  readonly speeds: string;
  /** The ports from the root hub on, "4.2"; empty for the root hub itself. */
  readonly chain: string;
}

/** A controller may come to say more of itself with a newer kernel; SuperSpeed is SuperSpeed. */
export function speedsLike(speed: string): string {
  return Number(speed) >= 5000 ? superSpeeds : speed;
}

const superSpeeds = '5000|10000|20000';

/** "1-4.2" → "4.2", "usb1" → "". */
export function chainOf(name: SysfsName): string {
  return name.startsWith('usb') ? '' : name.slice(name.indexOf('-') + 1);
}

/** A plugged device, as far as its place is concerned. */
export interface Placed {
  /** "/devices/pci0000:00/0000:00:14.0/usb1/1-4". */
  readonly devpath: string;
  /** Of its root hub, in Mbit/s as sysfs has it. */
  readonly busSpeed: string;
}

/** Whether the device is plugged in right there. */
export function isAt(face: Face, { devpath, busSpeed }: Placed): boolean {
  return hasBus(face, devpath, busSpeed) && chainAt(devpath) === face.chain;
}

/** Whether the device is plugged in somewhere behind it. */
export function isBehindFace(face: Face, { devpath, busSpeed }: Placed): boolean {
  const chain = chainAt(devpath);
  if (!hasBus(face, devpath, busSpeed) || chain === '') return false;
  return face.chain === '' || chain.startsWith(`${face.chain}.`);
}

/** The same place, whatever was plugged in there. */
export function isSameFace(one: Face, other: Face): boolean {
  return one.controller === other.controller && one.speeds === other.speeds && one.chain === other.chain;
}

/** `port 4.2 (USB 2) or port 3.2 (USB 3) of controller 0000:00:14.0`. */
export function describeFaces(faces: readonly Face[]): string {
  const ports = faces.map(
    (face) => `${face.chain === '' ? 'any port' : `port ${face.chain}`} (${describeSpeeds(face)})`,
  );
  const controllers = [...new Set(faces.map(({ controller }) => controller.slice(controller.lastIndexOf('/') + 1)))];
  return `${ports.join(' or ')} of controller ${controllers.join(' or ')}`;
}

function describeSpeeds({ speeds }: Face): string {
  if (speeds === superSpeeds) return 'USB 3';
  return Number(speeds) >= 480 ? 'USB 2' : 'USB 1';
}

function hasBus({ controller, speeds }: Face, devpath: string, busSpeed: string): boolean {
  const isUnder = devpath.startsWith(controller) && /^\/usb\d+(\/|$)/.test(devpath.slice(controller.length));
  return isUnder && speeds.split('|').includes(busSpeed);
}

function chainAt(devpath: string): string {
  const name = parseSysfsName(devpath.slice(devpath.lastIndexOf('/') + 1));
  return name === undefined ? '' : chainOf(name);
}
