import { describeStanding } from '../core/message.js';
import { recordKey } from '../core/standing.js';
import { takeOverLock } from '../host/lock.js';
import type { Places } from '../host/places.js';
import { recordFilesIn } from '../host/record-files.js';
import { wantFilesIn } from '../host/want-files.js';

const lockWaitMs = 60_000;
const limitMs = 120_000;

/**
 * Runs the worker in this process to the end of what there is to do, and prints its lines, then how every want
 * that is not attached stands. A worker that works already is asked for its lock, which it gives when nothing is
 * under way any more.
 *
 * @returns whether every want is as it should be
 * @throws when another worker does not end
 */
export async function workOnce(places: Places, uri: string): Promise<boolean> {
  const { runWorker } = await import('../worker.js');
  const told = new Set<string>();
  const lock = await takeOverLock(places, lockWaitMs);
  if (lock === undefined) {
    throw new Error(
      `another worker is at work and has not ended within ${lockWaitMs / 1000} s; "journalctl -t usb-libvirt-hotplug" tells what it waits for`,
    );
  }
  await runWorker(
    lock,
    places,
    uri,
    ({ severity, text }, about) => {
      if (severity === 'debug') return;
      if (about !== undefined) told.add(recordKey(about));
      process.stdout.write(`${text}\n`);
    },
    { lingerMs: 0, limitMs },
  );

  const records = recordFilesIn(places.runDirectory);
  let attached = 0;
  let others = 0;
  for (const want of wantFilesIn(places.runDirectory).readAll().wants) {
    const record = records.read(want);
    if (record?.standing.kind === 'attached') attached += 1;
    else if (record?.standing.kind !== 'released') others += 1;
    if (record === undefined || record.standing.kind === 'attached' || told.has(recordKey(want))) continue;
    process.stdout.write(`${describeStanding(want, record.standing, Date.now() - record.sinceMs).text}\n`);
  }
  process.stdout.write(`${attached} attached, ${others} not\n`);
  return others === 0;
}
