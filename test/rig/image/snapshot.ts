import { mkdir, rename } from 'node:fs/promises';
import type { Agent } from '../agent.js';
import { diskIn, startMachine, type Machine } from '../machine.js';
import { humanMonitor } from '../qmp.js';
import { until } from '../until.js';
import { runCommand } from './command.js';
import type { BootFiles } from './command-line.js';

/** The name of the one snapshot, made when libvirt answers and testvm-01 runs. */
export const snapshotName = 'ready';

/** Emulated on a busy machine, a boot takes a while. */
const bootTimeoutMs = 300_000;

/** An empty disk on top of the base disk. */
export async function makeOverlay(boot: BootFiles, disk: string): Promise<void> {
  await runCommand('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', boot.baseDisk, disk]);
}

/** Boots L1 once and stores it, memory and all, in a disk that every machine starts from a copy of. */
export async function makeSnapshot(boot: BootFiles, snapshotDisk: string, runDirectory: string): Promise<void> {
  await mkdir(runDirectory);
  await makeOverlay(boot, diskIn(runDirectory));
  const machine = await startMachine({ boot, runDirectory, onLine: () => undefined });
  try {
    await machine.qmp.execute('cont');
    await machine.agent.ready(bootTimeoutMs);
    await becomeReady(machine.agent);
    await storeSnapshot(machine, diskIn(runDirectory), snapshotDisk);
  } catch (error) {
    throw new Error(`L1 did not become ready.${machine.diagnosis()}`, { cause: error });
  } finally {
    await machine.kill();
  }
}

/** Stores a running machine, memory and all, in its disk, which becomes the snapshot's; the machine ends. */
export async function storeSnapshot(machine: Machine, disk: string, snapshotDisk: string): Promise<void> {
  await machine.qmp.execute('stop');
  const complaint = await humanMonitor(machine.qmp, `savevm ${snapshotName}`);
  if (complaint !== '') throw new Error(`QEMU could not make the snapshot: ${complaint}`);
  await machine.qmp.execute('quit');
  await machine.endsWithin(bootTimeoutMs);
  await rename(disk, snapshotDisk);
}

async function becomeReady(agent: Agent): Promise<void> {
  const succeeds =
    (...argv: string[]) =>
    async () =>
      (await agent.execute(argv)).exitCode === 0;
  // "degraded" is an end of the boot, too: it exits with 1.
  await agent.execute(['systemctl', 'is-system-running', '--wait'], { timeoutMs: bootTimeoutMs });
  await until('libvirt knows testvm-02', succeeds('virsh', '-q', 'domuuid', 'testvm-02'), bootTimeoutMs);
  await until('testvm-01 starts', succeeds('virsh', '-q', 'start', 'testvm-01'), bootTimeoutMs);
  await until(
    'testvm-01 answers',
    succeeds('virsh', 'qemu-monitor-command', 'testvm-01', '--hmp', 'info usb'),
    bootTimeoutMs,
  );
  // udev loads the controller's driver when the boot is all but over.
  await until('the USB controller has its driver', succeeds('test', '-e', '/sys/bus/usb/devices/usb2'), bootTimeoutMs);
  // Otherwise every run would load them for its first copyIn.
  await agent.execute(['modprobe', '--all', '9p', '9pnet_virtio']);
  await until('udev has done its work', succeeds('udevadm', 'settle'), bootTimeoutMs);
}
