import type { PluggedDevice, SysfsName } from '../core/device.js';
import type { Message } from '../core/message.js';
import type { WantKey } from '../core/want.js';
import { systemClock, type Clock } from '../host/clock.js';
import type { Places } from '../host/places.js';
import { portFilesIn, type PortFiles } from '../host/port-files.js';
import { programIn } from '../host/program.js';
import { recordFilesIn, type RecordFiles } from '../host/record-files.js';
import { readPlugged } from '../host/sysfs.js';
import { openVirsh, type Virsh } from '../host/virsh.js';
import { wakeIn, type Wake } from '../host/wake.js';
import { wantFilesIn, type WantFiles } from '../host/want-files.js';
import { takeUpEarlyEvents } from '../early-events.js';

/** All that the worker touches. Tests of its judgement bring their own. */
export interface World {
  readonly wants: WantFiles;
  readonly records: RecordFiles;
  readonly ports: PortFiles;
  readonly wake: Wake;
  readonly virsh: Virsh;
  readonly clock: Clock;
  /** The hypervisor that is looked at even when nothing is wanted there. */
  readonly defaultUri: string;
  /** Makes wants of what came before this boot's first worker. */
  readonly takeUpEarlyEvents: () => void;
  readonly readPlugged: () => ReadonlyMap<SysfsName, PluggedDevice>;
  /** `about` is the want that a line is the outcome of. */
  readonly log: (message: Message, about?: WantKey) => void;
}

/** The real one. */
export function openWorld(places: Places, defaultUri: string, log: World['log']): World {
  const { runDirectory, sysfs, path } = places;
  return {
    wants: wantFilesIn(runDirectory),
    records: recordFilesIn(runDirectory),
    ports: portFilesIn(runDirectory),
    wake: wakeIn(runDirectory),
    virsh: openVirsh(programIn(path, 'virsh'), runDirectory),
    clock: systemClock,
    defaultUri,
    takeUpEarlyEvents: () => {
      takeUpEarlyEvents(places, { write: log });
    },
    readPlugged: () => readPlugged(sysfs),
    log,
  };
}
