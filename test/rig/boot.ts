import { constants, copyFile } from 'node:fs/promises';
import type { Image } from './image/build.js';
import { makeOverlay, snapshotName } from './image/snapshot.js';
import { diskIn, startMachine, type Machine } from './machine.js';
import { plug, type PlugRequest } from './usb-devices.js';

export interface BootOptions {
  /** Appended to the kernel's. */
  readonly kernelCommandLine?: string;
  /** The initramfs finds USB devices before udev runs: coldplug. Without it they appear when the boot is all but over. */
  readonly xhciInInitramfs?: boolean;
  /** Plugged in before the machine runs. */
  readonly devices?: PlugRequest[];
}

export interface Start {
  readonly image: Image;
  readonly runDirectory: string;
  readonly onLine: (line: string) => void;
}

/** Emulated on a busy machine, even the guest agent takes its time. */
const agentTimeoutMs = 180_000;

/** Continues where the image's snapshot was made, on a disk of its own. */
export async function startFromSnapshot(start: Start, devices: PlugRequest[]): Promise<Machine> {
  await copyFile(start.image.snapshotDisk, diskIn(start.runDirectory), constants.COPYFILE_FICLONE);
  const machine = await startUntilAgent(start, { devices }, snapshotName);
  // The clock is the snapshot's: it jumps to the present, as seen by everything that runs in L1.
  await machine.agent.execute(['date', '--set', `@${Date.now() / 1000}`]);
  return machine;
}

/** Boots on a new disk. */
export async function coldBoot(start: Start, options: BootOptions): Promise<Machine> {
  await makeOverlay(start.image.boot, diskIn(start.runDirectory));
  return startUntilAgent(start, options);
}

/** Shuts a machine down and boots its disk again. */
export async function reboot(start: Start, machine: Machine, options: BootOptions): Promise<Machine> {
  // L1 may be gone before its agent has told how the command ended.
  await machine.agent.execute(['systemctl', '--no-block', 'poweroff']).catch(() => undefined);
  await machine.endsWithin(agentTimeoutMs);
  return startUntilAgent(start, options);
}

async function startUntilAgent(start: Start, options: BootOptions, snapshot?: string): Promise<Machine> {
  const { image, runDirectory, onLine } = start;
  const { devices = [], ...bootOptions } = options;
  const machine = await startMachine({
    boot: image.boot,
    runDirectory,
    onLine,
    ...bootOptions,
    ...(snapshot === undefined ? {} : { snapshot }),
  });
  try {
    for (const device of devices) await plug(machine.qmp, device);
    await machine.qmp.execute('cont');
    await machine.agent.ready(agentTimeoutMs);
    return machine;
  } catch (error) {
    await machine.kill();
    throw new Error(`L1 did not start.${machine.diagnosis()}`, { cause: error });
  }
}
