import { describeRefusal } from './core/message.js';
import type { DeviceRecord } from './core/standing.js';
import { claim, type Want } from './core/want.js';
import type { Log } from './host/log.js';
import { recordFilesIn } from './host/record-files.js';
import type { Wake } from './host/wake.js';
import { wantFilesIn } from './host/want-files.js';

export interface Recipients {
  readonly runDirectory: string;
  readonly log: Pick<Log, 'write'>;
  readonly wake: Pick<Wake, 'set'>;
}

/**
 * Puts the claim on file and wakes the worker.
 *
 * @returns the want that stands now; undefined when another rule's claim does
 */
export function submit(want: Want, { runDirectory, log, wake }: Recipients): Want | undefined {
  const wants = wantFilesIn(runDirectory);
  const onFile = wants.read(want);
  const outcome = claim(onFile, want);
  switch (outcome.kind) {
    case 'write':
      wants.write(outcome.want);
      if (outcome.wake) wake.set();
      log.write({ severity: 'debug', text: `wanted ${want.device} device ${want.deviceNumber} by ${want.domain}` });
      return outcome.want;
    case 'unchanged':
      if (onFile !== undefined && mayHelp(onFile, recordFilesIn(runDirectory).read(onFile))) wake.set();
      return onFile;
    case 'refused':
      if (outcome.rewrite !== undefined) {
        wants.write(outcome.rewrite);
        log.write(describeRefusal(want, outcome.owner));
      }
      return undefined;
  }
}

/**
 * Whether an event that changes nothing on file is worth a wake: when nobody has judged the want yet (its hook
 * may have died before the wake), or the device was not configured and may be now (authorized after `add`, and
 * told so by `bind`). Not for other troubles: QEMU's failed attempts reset the device, which makes an event too.
 */
function mayHelp(want: Want, record: DeviceRecord | undefined): boolean {
  if (record?.claimedAtMs !== want.claimedAtMs) return true;
  return record.standing.kind === 'waiting' && record.standing.reason === 'not-configured';
}
