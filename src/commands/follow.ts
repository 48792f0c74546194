// What comes of a change to the assignments, device by device.
import type { Assignment } from '../core/assignment.js';
import { decodeModel } from '../core/device.js';
import { defaultUri } from '../core/domain.js';
import { describeDevice, describeStanding, printable } from '../core/message.js';
import type { KnownDevice } from '../core/rebuild.js';
import type { DeviceRecord } from '../core/standing.js';
import { byHand, isSamePlug, newWant, type Want } from '../core/want.js';
import type { Log } from '../host/log.js';
import type { Places } from '../host/places.js';
import { recordFilesIn } from '../host/record-files.js';
import { wantFilesIn } from '../host/want-files.js';
import { exitCodes } from './command-error.js';
import { print } from './output.js';

type Owner = Pick<Assignment, 'domain' | 'uri'>;

/** How it ended: one of `exitCodes`. */
export type ExitCode = (typeof exitCodes)['done' | 'failed' | 'waiting'];

/** The worst of several ends. */
export function worstOf(codes: readonly ExitCode[]): ExitCode {
  if (codes.includes(exitCodes.failed)) return exitCodes.failed;
  return codes.includes(exitCodes.waiting) ? exitCodes.waiting : exitCodes.done;
}

/**
 * Sees through that a device goes to whom the rules give it now, and prints how that ended. The rules have spoken, and
 * under systemd the hook has written the want; where a person's earlier word stands against that, this is a later one.
 */
export async function followGiven(known: KnownDevice, places: Places, log: Log): Promise<ExitCode> {
  const owner = ownerIn(known);
  if (owner === undefined) {
    print(`${nameIn(known)} is not given to anybody: no rule of udev's that means it names a domain`);
    return exitCodes.failed;
  }
  const { give, seeThrough } = await import('../by-hand.js');
  const want = wantOf(known, places);
  if (want === undefined || want.released || !isSameOwner(want, owner)) {
    await give(wantFor(known, owner), places, log);
  } else {
    const record = recordFilesIn(places.runDirectory).read(want);
    if (!isSettled(record, want)) await seeThrough(want, places, log);
    else print(describeStanding(want, record.standing).text);
  }
  return judge(known, places);
}

/** Sees a device out of the domain that it was assigned to, unless the rules give it to somebody by another line. */
export async function followTaken(
  known: KnownDevice,
  former: readonly Owner[],
  places: Places,
  log: Log,
): Promise<ExitCode> {
  if (ownerIn(known) !== undefined) return followGiven(known, places, log);
  const want = wantOf(known, places);
  if (want === undefined || want.released || !former.some((owner) => isSameOwner(want, owner))) return exitCodes.done;
  const { release } = await import('../by-hand.js');
  return (await release(want, places, log)) ? exitCodes.done : exitCodes.failed;
}

/** Attached before this command, and nothing was claimed anew. */
function isSettled(record: DeviceRecord | undefined, want: Want): record is DeviceRecord {
  return record?.standing.kind === 'attached' && record.claimedAtMs === want.claimedAtMs;
}

/** By what the worker has written down; a device that was unplugged meanwhile is nobody's failure. */
function judge(known: KnownDevice, places: Places): ExitCode {
  const want = wantOf(known, places);
  switch (want && recordFilesIn(places.runDirectory).read(want)?.standing.kind) {
    case 'attached':
    case 'gone':
    case 'dropped':
      return exitCodes.done;
    case 'waiting':
      return exitCodes.waiting;
    case 'refused':
    case 'leaving':
    case 'released':
    case undefined:
      return exitCodes.failed;
  }
}

/** Whom the rules give a device to, by what they left in udev's database. */
export function ownerIn({ properties }: KnownDevice): Owner | undefined {
  const domain = properties['USB_LIBVIRT_DOMAIN'] ?? '';
  return domain === '' ? undefined : { domain, uri: properties['LIBVIRT_DEFAULT_URI'] || defaultUri };
}

export function isSameOwner(one: Owner, other: Owner): boolean {
  return one.domain === other.domain && one.uri === other.uri;
}

/** `0627:0001 "QEMU USB Keyboard" on port 1-1 (bus 001 device 002)`. */
export function nameIn(known: KnownDevice): string {
  return printable(describeDevice(wantedDevice(known)));
}

function wantOf({ device }: KnownDevice, { runDirectory }: Places): Want | undefined {
  const want = wantFilesIn(runDirectory).read({ device: device.name, deviceNumber: device.deviceNumber });
  return want !== undefined && isSamePlug(want, device) ? want : undefined;
}

function wantFor(known: KnownDevice, owner: Owner): Want {
  return newWant(wantedDevice(known), { ...owner, seqnum: byHand, claimedAtMs: Date.now() });
}

function wantedDevice({ device, properties }: KnownDevice) {
  return {
    ...device,
    device: device.name,
    devpath: properties['DEVPATH'] ?? '',
    product: decodeModel(properties['ID_MODEL_ENC'] ?? ''),
  };
}
