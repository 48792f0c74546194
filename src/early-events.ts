// The events of before this boot's first worker, which the hook's shell front has put aside (rules/hook).
import { parseEvent } from './core/event.js';
import { noteEvent, InputError } from './handle-event.js';
import { claimantFrom, readArguments } from './hook-arguments.js';
import { earlyEventFilesIn } from './host/early-event-files.js';
import type { Log } from './host/log.js';
import type { Places } from './host/places.js';

/** Makes wants of them, as the hook would have. For the worker, which looks at the wants after this and needs no wake. */
export function takeUpEarlyEvents(places: Places, log: Pick<Log, 'write'>): void {
  const wake = { set: () => undefined };
  earlyEventFilesIn(places.runDirectory).takeUp(({ environment, args }) => {
    try {
      noteEvent(parseEvent(environment), claimantFrom(readArguments(args), environment), { places, log, wake });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      log.write({ severity: 'error', text: error.message.split('\n', 1).join() });
    }
  });
}
