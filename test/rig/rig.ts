import type { CommandResult, RunOptions } from './agent.js';
import { coldBoot, reboot, startFromSnapshot, type BootOptions } from './boot.js';
import { copyIn } from './copy-in.js';
import { usualHost, type Host } from './hosts.js';
import { readyImage } from './image/build.js';
import { journalCursor, readJournal, type JournalEntry, type JournalQuery } from './journal.js';
import { storeSnapshot } from './image/snapshot.js';
import { diskIn, shareIn } from './machine.js';
import { makeRunDirectory } from './run-directory.js';
import { until } from './until.js';
import { plug, unplug, type PlugRequest } from './usb-devices.js';

export interface RigOptions extends BootOptions {
  /** What L1 is; the usual host unless told. */
  readonly host?: Host;
  /**
   * Start where L1 has booted and testvm-01 runs; takes a second. Otherwise L1 boots, and this resolves as soon as
   * its guest agent answers, which is before the boot is over; no domain is started.
   */
  readonly fromSnapshot?: boolean;
  /** Another disk with a snapshot than the image's: one that `saveAs` made of a machine with this image. */
  readonly snapshotDisk?: string;
  readonly progress?: (line: string) => void;
}

/** A line that a script in L1 sent with `rig-line`. */
export interface RigLine {
  readonly text: string;
  /** When it came, by this machine's clock. */
  readonly atMs: number;
}

/** L1, a virtualisation host of our own, with the domains testvm-01 and testvm-02. */
export interface Rig {
  /** Runs a shell command in L1 as root. It has not ended while a child in the background has its stdout. */
  run(command: string, options?: RunOptions): Promise<CommandResult>;
  /** The same; throws when the command fails, and returns its stdout. */
  mustRun(command: string, options?: RunOptions): Promise<string>;
  plug(request: PlugRequest): Promise<void>;
  /** Pulls a device out, with all that is behind it. */
  unplug(id: string): Promise<void>;
  /** Copies a file or a tree into L1, owned by root; a tree that is there is merged into. One copy at a time. */
  copyIn(hostPath: string, guestPath: string): Promise<void>;
  /** Asks until the probe returns something. The error of a vain wait tells what the probe threw and L1 said last. */
  until<T>(what: string, probe: () => Promise<T | undefined | false>, options?: { timeoutMs?: number }): Promise<T>;
  /** Until L1's serial console has said this. L1 itself is not asked. */
  consoleSays(text: string, timeoutMs: number): Promise<void>;
  /** What a running domain's QEMU prints about its USB devices. */
  infoUsb(domain: string): Promise<string>;
  liveXml(domain: string): Promise<string>;
  /** Of this boot, oldest first. */
  journal(query?: JournalQuery): Promise<JournalEntry[]>;
  /** Where the journal stands now, for `sinceCursor`. */
  journalCursor(): Promise<string>;
  /** What scripts in L1 have sent with `rig-line`; grows. */
  readonly lines: readonly RigLine[];
  /**
   * Shuts L1 down and boots it again on the same disk, with no device but those named here.
   * Resolves as soon as the guest agent answers, which is before the boot is over.
   */
  reboot(options?: BootOptions): Promise<void>;
  /** Stores L1 as it is, with no device plugged in, in a disk to start from; this rig ends by that. */
  saveAs(snapshotDisk: string): Promise<void>;
  /** Kills QEMU and deletes the disk. */
  stop(): Promise<void>;
}

/** For a test's `skip`. */
export { whyNoImage as whyNoRig } from './image/build.js';

/** Starts L1; builds its image first where that is missing, which takes a minute. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const { host = usualHost, fromSnapshot = true, progress = () => undefined, ...bootOptions } = options;
  const ready = await readyImage(host, progress);
  const image = { ...ready, snapshotDisk: options.snapshotDisk ?? ready.snapshotDisk };
  const runDirectory = makeRunDirectory();
  const lines: RigLine[] = [];
  const start = {
    image,
    runDirectory: runDirectory.path,
    onLine: (text: string) => lines.push({ text, atMs: Date.now() }),
  };
  let machine = await (
    fromSnapshot ? startFromSnapshot(start, options.devices ?? []) : coldBoot(start, bootOptions)
  ).catch((error: unknown) => {
    runDirectory.remove();
    throw error;
  });
  let lastCommand = 'none';

  async function execute(argv: string[], runOptions?: RunOptions): Promise<CommandResult> {
    const result = await diagnosed(machine.agent.execute(argv, runOptions));
    lastCommand = `${argv.join(' ')}\nexit status ${result.exitCode}\n${result.stdout}${result.stderr}`;
    return result;
  }

  async function mustExecute(argv: string[], runOptions?: RunOptions): Promise<string> {
    const { exitCode, stdout } = await execute(argv, runOptions);
    if (exitCode !== 0) throw new Error(lastCommand);
    return stdout;
  }

  async function diagnosed<T>(action: Promise<T>): Promise<T> {
    try {
      return await action;
    } catch (error) {
      if (error instanceof Error) error.message += `\nThe last command: ${lastCommand}${machine.diagnosis()}`;
      throw error;
    }
  }

  async function stop(): Promise<void> {
    await machine.kill();
    runDirectory.remove();
  }

  const mustRun: Rig['mustRun'] = (command, runOptions) => mustExecute(['/bin/sh', '-c', command], runOptions);

  return {
    run: (command, runOptions) => execute(['/bin/sh', '-c', command], runOptions),
    mustRun,
    plug: (request) => plug(machine.qmp, request),
    unplug: (id) => unplug(machine.qmp, id),
    copyIn: (hostPath, guestPath) => copyIn(hostPath, guestPath, { share: shareIn(runDirectory.path), mustRun }),
    until: (what, probe, { timeoutMs = 60_000 } = {}) => diagnosed(until(what, probe, timeoutMs)),
    consoleSays: async (text, timeoutMs) => {
      const said = () => Promise.resolve(machine.console().includes(text));
      await diagnosed(until(`the console says ${text}`, said, timeoutMs));
    },
    infoUsb: (domain) => mustExecute(['virsh', 'qemu-monitor-command', domain, '--hmp', 'info usb']),
    liveXml: (domain) => mustExecute(['virsh', 'dumpxml', domain]),
    journal: (query = {}) => readJournal(machine.agent, query),
    journalCursor: () => journalCursor(machine.agent),
    lines,
    reboot: async (rebootOptions = {}) => {
      machine = await reboot(start, machine, rebootOptions);
    },
    saveAs: async (snapshotDisk) => {
      try {
        await diagnosed(storeSnapshot(machine, diskIn(runDirectory.path), snapshotDisk));
      } finally {
        await stop();
      }
    },
    stop,
  };
}
