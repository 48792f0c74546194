import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connectAgent, type Agent } from './agent.js';
import { qemuArguments, type BootFiles } from './image/command-line.js';
import { readLines } from './lines.js';
import { connectQmp, type Qmp } from './qmp.js';

export interface MachineOptions {
  readonly boot: BootFiles;
  /** This machine's own; holds its disk, its console's log and what it may read through 9p. */
  readonly runDirectory: string;
  readonly snapshot?: string;
  readonly kernelCommandLine?: string;
  readonly xhciInInitramfs?: boolean;
  /** Called for every line that a script in L1 sends with `rig-line`. */
  readonly onLine: (line: string) => void;
}

/** A running QEMU with L1 in it. */
export interface Machine {
  readonly qmp: Qmp;
  readonly agent: Agent;
  /** All that L1's serial console has said. */
  console(): string;
  /** What QEMU and L1's console said last, to be appended to an error; empty when they were silent. */
  diagnosis(): string;
  /** Waits for QEMU to end on its own; kills it and throws when it does not. */
  endsWithin(timeoutMs: number): Promise<void>;
  kill(): Promise<void>;
}

/** A machine's disk, which must exist before it starts. */
export function diskIn(runDirectory: string): string {
  return join(runDirectory, 'disk.qcow2');
}

/** What L1 finds when it mounts its share. */
export function shareIn(runDirectory: string): string {
  return join(runDirectory, 'share');
}

/** Starts QEMU, halted before the first instruction (or the first after the snapshot): `cont` makes it run. */
export async function startMachine(options: MachineOptions): Promise<Machine> {
  const { runDirectory, onLine, ...rest } = options;
  const consoleLog = join(runDirectory, 'console.log');
  const qemuLog = join(runDirectory, 'qemu.log');
  const share = shareIn(runDirectory);
  mkdirSync(share, { recursive: true });
  const args = qemuArguments({
    ...rest,
    disk: diskIn(runDirectory),
    console: consoleLog,
    share,
    descriptors: { qmp: 3, agent: 4, lines: 5 },
  });

  const {
    child,
    sockets: [monitor, agentPort, linesPort],
  } = spawnQemu(args, qemuLog);
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => {
      resolve();
    });
    // Not started at all; the monitor's closing tells the caller.
    child.on('error', () => {
      resolve();
    });
  });
  const diagnosis = () => tail('QEMU said', qemuLog) + tail("L1's console ends with", consoleLog);
  readLines(linesPort, onLine);
  const agent = connectAgent(agentPort);
  try {
    const qmp = await connectQmp(monitor);
    return { qmp, agent, console: () => contentOf(consoleLog), diagnosis, endsWithin, kill };
  } catch (error) {
    await kill();
    throw new Error(`QEMU did not start.${diagnosis()}`, { cause: error });
  }

  async function endsWithin(timeoutMs: number): Promise<void> {
    const overdue = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    await ended;
    clearTimeout(overdue);
    if (child.killed) throw new Error(`L1 did not end within ${timeoutMs} ms.${diagnosis()}`);
  }

  async function kill(): Promise<void> {
    child.kill('SIGKILL');
    await ended;
  }
}

/**
 * QEMU dies with this process, however that ends: the kernel sees to it (`--pdeathsig`).
 * Its monitor and ports are sockets it inherits, so there are no socket files, whose paths may not be long.
 */
function spawnQemu(args: string[], log: string): { child: ChildProcess; sockets: [Duplex, Duplex, Duplex] } {
  const logDescriptor = openSync(log, 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...args], {
    stdio: ['ignore', logDescriptor, logDescriptor, 'pipe', 'pipe', 'pipe'],
  });
  closeSync(logDescriptor);
  // Node's pipes are connected unix sockets, open both ways.
  const [, , , monitor, agent, lines] = child.stdio as unknown as Duplex[];
  if (monitor === undefined || agent === undefined || lines === undefined) throw new Error('QEMU could not be started');
  return { child, sockets: [monitor, agent, lines] };
}

function contentOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function tail(title: string, file: string): string {
  const lines = contentOf(file).trim().split('\n').slice(-40);
  return lines.join('') === '' ? '' : `\n${title}:\n${lines.join('\n')}`;
}
