import { describeRefusal } from './core/message.js';
import { claim, type Want } from './core/want.js';
import type { Log } from './host/log.js';
import { recordFilesIn } from './host/record-files.js';
import { wakeIn } from './host/wake.js';
import { wantFilesIn } from './host/want-files.js';

/** Puts the claim on file and wakes the worker. False when another rule's claim stands. */
export function submit(want: Want, runDirectory: string, log: Log): boolean {
  const wants = wantFilesIn(runDirectory);
  const outcome = claim(wants.read(want), want);
  switch (outcome.kind) {
    case 'write':
      wants.write(outcome.want);
      if (outcome.wake) wakeIn(runDirectory).set();
      log.write({ severity: 'debug', text: `wanted ${want.device} device ${want.deviceNumber} by ${want.domain}` });
      return true;
    case 'unchanged': {
      // A device that waits may have become ready: authorized after `add`, for one, and told so by `bind`.
      const record = recordFilesIn(runDirectory).read(want);
      if (record !== undefined && record.standing.kind !== 'attached') wakeIn(runDirectory).set();
      return true;
    }
    case 'refused':
      if (outcome.rewrite !== undefined) {
        wants.write(outcome.rewrite);
        log.write(describeRefusal(want, want.domain, outcome.owner));
      }
      return false;
  }
}
