// systemd: the path unit, and the service with the worker in it.
import { join } from 'node:path';
import { defaultUri } from '../../src/core/domain.js';
import { openClock } from '../../src/host/clock.js';
import { removeLeftovers } from '../../src/host/leftovers.js';
import type { Places } from '../../src/host/places.js';
import { portFilesIn } from '../../src/host/port-files.js';
import { recordFilesIn } from '../../src/host/record-files.js';
import { openVirsh } from '../../src/host/virsh.js';
import { wakeIn } from '../../src/host/wake.js';
import { wantFilesIn } from '../../src/host/want-files.js';
import { takeUpEarlyEvents } from '../../src/early-events.js';
import { work, type WorkOptions } from '../../src/worker.js';
import type { World } from '../../src/worker/world.js';
import { Killed, newProcess, realFs, runAs, type SimulatedProcess } from './process.js';
import type { Time } from './time.js';
import type { Usb } from './usb.js';
import type { Libvirt } from './virsh.js';

interface Worker extends SimulatedProcess {
  /** What its watch for `wake` calls; undefined when it watches nothing, or a directory that is gone. */
  ring: (() => void) | undefined;
  readonly timers: Set<() => void>;
  /** Its directory was taken away under it: whatever it dies of then is no fault of its own. */
  lostItsDirectory: boolean;
}

interface Surroundings {
  readonly time: Time;
  readonly usb: Usb;
  readonly libvirt: Libvirt;
  readonly places: Places;
  readonly log: World['log'];
  /** Called before each operation of the worker. */
  readonly onOperation: () => void;
}

// From the wake to ExecStartPre, from there to the worker's first instruction, and RestartSec=.
const toStartMs = 10;
const toWorkerMs = 70;
const restartMs = 2000;
const service: WorkOptions = { lingerMs: 10_000 };
const command: WorkOptions = { lingerMs: 0, limitMs: 120_000 };

export function openSystemd({ time, usb, libvirt, places, log, onOperation }: Surroundings) {
  let state: 'inactive' | 'starting' | 'running' | 'restarting' = 'inactive';
  let worker: Worker | undefined;
  let wakeSeen = false;
  const wakeFile = join(places.runDirectory, 'wake');
  const wake = wakeIn(places.runDirectory);

  const systemd = {
    faults: [] as unknown[],
    worker: () => worker,
    isQuiet: () => state === 'inactive',

    /** What the path unit and the worker's own watch do, whenever something may have changed. True when it rang. */
    look(): boolean {
      const isThere = realFs.existsSync(wakeFile);
      if (isThere && state === 'inactive') systemd.start();
      const ring = isThere && !wakeSeen ? worker?.ring : undefined;
      wakeSeen = isThere;
      ring?.();
      return ring !== undefined;
    },

    /** `systemctl start`, as the path unit does, and whenever libvirtd starts. */
    start(): void {
      if (state !== 'inactive') return;
      state = 'starting';
      time.after(toStartMs, () => {
        if (state !== 'starting') return;
        realFs.rmSync(wakeFile, { force: true });
        time.after(toWorkerMs, () => {
          if (state === 'starting') launch(service);
        });
      });
    },

    /** The worker that a command is itself, when no other is about. */
    workOnce(): void {
      launch(command);
    },

    /** kill -9. Of a virsh that was under way libvirt may do the work all the same, and late. */
    kill({ halfway, stillDone, lateMs }: { halfway: boolean; stillDone: boolean; lateMs: number }): void {
      if (state !== 'running' && state !== 'starting') return;
      state = 'restarting';
      if (worker !== undefined) {
        worker.isDead = true;
        worker.diesHalfway = halfway;
        for (const forget of worker.timers) forget();
        libvirt.abandon(worker, stillDone, lateMs);
      }
      worker = undefined;
      time.after(restartMs, restart);
    },

    /** Somebody removed /run/usb-libvirt-hotplug. */
    loseDirectory(): void {
      if (worker === undefined) return;
      worker.ring = undefined;
      worker.lostItsDirectory = true;
    },
  };
  return systemd;

  function restart(): void {
    state = 'inactive';
    systemd.start();
  }

  function launch(options: WorkOptions): void {
    state = 'running';
    const self: Worker = Object.assign(newProcess(onOperation), {
      ring: undefined,
      timers: new Set<() => void>(),
      lostItsDirectory: false,
    });
    worker = self;
    runAs(self, () => {
      // As runWorker does with the lock in its hands.
      const begin = async () => {
        realFs.mkdirSync(places.runDirectory, { recursive: true });
        realFs.writeFileSync(`${places.runDirectory}/lock`, '');
        removeLeftovers(places.runDirectory);
        await work(worldOf(self), options);
      };
      void begin().then(
        () => {
          ended(self, undefined);
        },
        (fault: unknown) => {
          ended(self, fault);
        },
      );
    });
  }

  function ended(self: Worker, fault: unknown): void {
    if (self !== worker || fault instanceof Killed) return;
    worker = undefined;
    if (fault === undefined) {
      state = 'inactive';
      return;
    }
    if (!self.lostItsDirectory) systemd.faults.push(fault);
    state = 'restarting';
    time.after(restartMs, restart);
  }

  function worldOf(self: Worker): World {
    const { runDirectory } = places;
    const clock = openClock();
    return {
      wants: wantFilesIn(runDirectory),
      records: recordFilesIn(runDirectory),
      ports: portFilesIn(runDirectory),
      wake: {
        ...wake,
        clear: () => {
          wake.clear();
          wakeSeen = false;
        },
        watch: (onChange) => {
          self.ring = onChange;
          return () => {
            self.ring = undefined;
          };
        },
      },
      virsh: openVirsh(libvirt.virshOf(self), runDirectory),
      clock: {
        now: () => clock.now(),
        after: (delayMs, callBack) => {
          const forget = time.after(delayMs, () => {
            self.timers.delete(forget);
            callBack();
          });
          self.timers.add(forget);
          return () => {
            self.timers.delete(forget);
            forget();
          };
        },
      },
      defaultUri,
      takeUpEarlyEvents: () => {
        takeUpEarlyEvents(places, { write: log });
      },
      readPlugged: usb.readPlugged,
      log,
    };
  }
}

export type Systemd = ReturnType<typeof openSystemd>;
