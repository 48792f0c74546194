import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseEarlyEvent, type EarlyEvent } from '../core/early-event.js';
import { namesIn, readOrNothing } from './files.js';

/** No hook takes so long to write one: udev itself ends it after three minutes. */
const writingLimitMs = 180_000;

/**
 * The events that came before this boot's first worker, a file for each run of the hook: "1234.0", the event's SEQNUM
 * and the run's place among those of that event.
 */
export function earlyEventFilesIn(runDirectory: string) {
  const directory = join(runDirectory, 'early');
  return {
    /**
     * Hands over each event in the order in which they came, and removes it after that: who dies in between has it
     * again. One that is still being written is left for the wake that follows it. What is no event is removed in time.
     */
    takeUp(handle: (event: EarlyEvent) => void): void {
      for (const name of namesIn(directory).sort(inOrder)) {
        const path = join(directory, name);
        const event = parseEarlyEvent(readOrNothing(path) ?? '');
        if (event !== undefined) handle(event);
        if (event !== undefined || isAbandoned(path)) rmSync(path, { force: true, recursive: true });
      }
    },
  };
}

function inOrder(one: string, other: string): number {
  const [[seqnum = 0, place = 0], [otherSeqnum = 0, otherPlace = 0]] = [numbersIn(one), numbersIn(other)];
  return seqnum - otherSeqnum || place - otherPlace;
}

function numbersIn(name: string): number[] {
  return name.split('.').map(Number);
}

function isAbandoned(path: string): boolean {
  const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
  return Date.now() - mtimeMs > writingLimitMs;
}
