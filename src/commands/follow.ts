// What comes of a change to the assignments, device by device.
import type { Assignment } from '../core/assignment.js';
import { decodeModel } from '../core/device.js';
import { defaultUri } from '../core/domain.js';
import { describeDevice, describeRefusal, describeStanding, printable } from '../core/message.js';
import type { KnownDevice } from '../core/rebuild.js';
import type { DeviceRecord } from '../core/standing.js';
import { beforeAnyEvent, byHand, isSamePlug, newWant, type Want } from '../core/want.js';
import type { Log } from '../host/log.js';
import type { Places } from '../host/places.js';
import { recordFilesIn } from '../host/record-files.js';
import { wantFilesIn } from '../host/want-files.js';
import { exitCodes } from './command-error.js';
import { exitCodeOf } from './ending.js';
import { print } from './output.js';

type Owner = Pick<Assignment, 'domain' | 'uri'>;

/**
 * Sees through that a device goes to whom the rules give it now, and prints how that ended. The rules have spoken, and
 * under systemd the hook has written the want; where a person's earlier word stands against that, this is a later one.
 */
export async function followGiven(known: KnownDevice, places: Places, log: Log): Promise<number> {
  const owner = ownerIn(known);
  if (owner === undefined) {
    print(`${nameIn(known)} is not given to anybody: no rule of udev's that means it names a domain`);
    return exitCodes.failed;
  }
  const { putThrough, seeThrough } = await import('../by-hand.js');
  const want = wantOf(known, places);
  // Another rule, with a RUN line, spoke first in the same event, and would at every plug.
  if (want?.seqnum !== byHand && want?.rivals.includes(owner.domain) === true) {
    print(describeRefusal(wantFor(known, owner), want).text);
    return exitCodes.failed;
  }
  if (want === undefined || want.released || !isSameOwner(want, owner)) {
    return exitCodeOf(await putThrough(wantFor(known, owner), places, log));
  }
  const record = recordFilesIn(places.runDirectory).read(want);
  if (!isSettled(record, want)) return exitCodeOf(await seeThrough(want, places, log));
  print(describeStanding(want, record.standing).text);
  return exitCodes.done;
}

/** Sees a device out of the domain that it was assigned to, unless the rules give it to somebody by another line. */
export async function followTaken(
  known: KnownDevice,
  former: readonly Owner[],
  places: Places,
  log: Log,
): Promise<number> {
  if (ownerIn(known) !== undefined) return followGiven(known, places, log);
  const want = wantOf(known, places);
  if (want === undefined || want.released || !former.some((owner) => isSameOwner(want, owner))) return exitCodes.done;
  const { release } = await import('../by-hand.js');
  return exitCodeOf(await release(want, places, log));
}

/** Attached before this command, and nothing was claimed anew. */
function isSettled(record: DeviceRecord | undefined, want: Want): record is DeviceRecord {
  return record?.standing.kind === 'attached' && record.claimedAtMs === want.claimedAtMs;
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

/** A claim by the rules, which they can change again. */
function wantFor(known: KnownDevice, owner: Owner): Want {
  return newWant(wantedDevice(known), { ...owner, seqnum: beforeAnyEvent, claimedAtMs: Date.now() });
}

function wantedDevice({ device, properties }: KnownDevice) {
  return {
    ...device,
    device: device.name,
    devpath: properties['DEVPATH'] ?? '',
    product: decodeModel(properties['ID_MODEL_ENC'] ?? ''),
  };
}
