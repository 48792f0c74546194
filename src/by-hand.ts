// What the hook does for a person, who wants to see how it ends. Loaded only then.
import type { EventDevice } from './core/event.js';
import { describeStanding } from './core/message.js';
import type { Standing } from './core/standing.js';
import { byHand, newWant, type Want } from './core/want.js';
import { takeLock } from './host/lock.js';
import type { Log } from './host/log.js';
import type { Places } from './host/places.js';
import { recordFilesIn } from './host/record-files.js';
import { findByNumbers, readDevice, readPlugId } from './host/sysfs.js';
import { readProduct } from './host/device-strings.js';
import { wakeIn } from './host/wake.js';
import { wantFilesIn } from './host/want-files.js';
import { submit } from './submit.js';

/** What a person's command may take; whatever is not done by then the woken worker goes on with. */
const limitMs = 60_000;
/** How long to wait for a worker that works already, before looking whether it has done our work too. */
const lockWaitMs = 250;

/** How it ended; `pending` when there was no end to be seen in time. */
export type Ending = Standing['kind'] | 'pending';

/** A claim by hand: put on file, and seen through to the domain. */
export async function give(want: Want, places: Places, log: Log): Promise<Ending> {
  const named = want.product === '' ? { ...want, product: await readProduct(places.sysfs, want.device) } : want;
  const standing = submit(named, { runDirectory: places.runDirectory, log, wake: wakeIn(places.runDirectory) });
  return standing === undefined ? 'refused' : seeThrough(standing, places, log);
}

/**
 * A removal by hand. A device that is still plugged in is marked as released, not forgotten: its detachment
 * alone makes the kernel send a `change`, with which a rule without an ACTION match would claim it anew.
 */
export async function takeBack(
  event: EventDevice,
  { domain, uri }: { domain: string; uri: string },
  places: Places,
  log: Log,
): Promise<Ending> {
  const { runDirectory, sysfs } = places;
  const { busNumber, deviceNumber } = event;
  const wants = wantFilesIn(runDirectory);
  const found = findByNumbers(sysfs, busNumber, deviceNumber);
  const device = event.path?.name ?? found?.device.name;
  const onFile = device === undefined ? wants.find(busNumber, deviceNumber) : wants.read({ device, deviceNumber });
  const name = device ?? onFile?.device;
  const ids = event.ids ?? found?.device ?? onFile;
  if (name === undefined || ids === undefined) {
    throw new Error(
      `no device ${deviceNumber} on bus ${busNumber} is plugged in or was given to a domain; lsusb shows the numbers (BUSNUM, DEVNUM)`,
    );
  }
  if (onFile !== undefined && !onFile.released && domain !== '' && domain !== onFile.domain) {
    throw new Error(`the device was given to ${onFile.domain}, not to ${domain}; name that domain, or none`);
  }
  const owner = domain === '' ? onFile?.domain : domain;
  if (owner === undefined) {
    throw new Error(
      `it is not known which domain has device ${deviceNumber} on bus ${busNumber}; give the domain as the last argument`,
    );
  }
  const plugged = readDevice(sysfs, name)?.deviceNumber === deviceNumber;
  const claimed = newWant(
    {
      device: name,
      busNumber,
      deviceNumber,
      devpath: event.path?.devpath ?? found?.devpath ?? '',
      plugId: plugged ? readPlugId(sysfs, name) : (onFile?.plugId ?? ''),
      vendorId: ids.vendorId,
      productId: ids.productId,
      product: onFile?.product ?? (event.product || (await readProduct(sysfs, name))),
    },
    { domain: owner, uri: onFile?.uri ?? uri, seqnum: byHand, claimedAtMs: Date.now() },
  );
  return putThrough({ ...claimed, released: plugged }, places, log);
}

/** Takes a device that is plugged in out of its domain, until it is replugged or given again. */
export function release(want: Want, places: Places, log: Log): Promise<Ending> {
  return putThrough({ ...want, seqnum: byHand, released: true, claimedAtMs: Date.now() }, places, log);
}

/** Puts a want on file in the place of whatever was said of the device before, and sees it through. */
export function putThrough(want: Want, places: Places, log: Log): Promise<Ending> {
  wantFilesIn(places.runDirectory).write(want);
  wakeIn(places.runDirectory).set();
  return seeThrough(want, places, log);
}

/**
 * Sees a want through and prints how it ended. Where a worker is at work already (on systemd hosts, woken by
 * us), it does it and its record is read; else this process is the worker.
 */
export async function seeThrough(want: Want, places: Places, log: Log): Promise<Ending> {
  const records = recordFilesIn(places.runDirectory);
  const wants = wantFilesIn(places.runDirectory);
  let told: string | undefined;
  const isJudged = () => {
    const record = records.read(want);
    const overtaken = wants.read(want)?.claimedAtMs !== want.claimedAtMs;
    return overtaken || (record?.announced === true && record.claimedAtMs === want.claimedAtMs);
  };

  const { runWorker } = await import('./worker.js');
  const endMs = Date.now() + limitMs;
  let worked = false;
  while (!worked && !isJudged() && Date.now() < endMs) {
    const lock = await takeLock(places, lockWaitMs);
    if (lock === undefined) continue;
    worked = true;
    await runWorker(
      lock,
      places,
      want.uri,
      (message, about) => {
        const ours = about?.device === want.device && about.deviceNumber === want.deviceNumber;
        if (ours) told = message.text;
        // On a terminal the result is printed once, below.
        if (!ours || !process.stderr.isTTY) log.write(message);
      },
      { lingerMs: 0, limitMs: endMs - Date.now(), until: isJudged },
    );
  }

  const tookMs = Date.now() - want.claimedAtMs;
  const standing = readStanding();
  const pending = `nothing could be done within ${limitMs / 1000} s; the worker goes on with it, and the log will tell`;
  const result = standing === undefined ? pending : describeStanding(want, standing, tookMs).text;
  process.stdout.write(`${told ?? result}\n`);
  return isJudged() ? (standing?.kind ?? 'pending') : 'pending';

  /** What this worker or another one did, or what was so already. */
  function readStanding(): Standing | undefined {
    const record = records.read(want);
    if (wants.read(want) === undefined) return { kind: 'gone' };
    return record?.claimedAtMs === want.claimedAtMs ? record.standing : undefined;
  }
}
