// Processes that share this one and can be killed, as by kill -9, at any of their operations on files or virsh.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';

/** One run of the hook or the worker. */
export interface SimulatedProcess {
  readonly pid: number;
  /** Called before each of its operations, which it may not live to see. */
  readonly beforeOperation: () => void;
  isDead: boolean;
  /** Where it dies while it writes, half of the text is written. */
  diesHalfway: boolean;
  readonly openFiles: Set<number>;
}

/** What the code of a killed process meets wherever it turns. */
export class Killed extends Error {}

export function newProcess(beforeOperation: () => void): SimulatedProcess {
  lastPid += 1;
  return { pid: lastPid, beforeOperation, isDead: false, diesHalfway: false, openFiles: new Set() };
}

/** Whatever this does with files, it does as that process; `undefined` is the world itself. */
export function runAs<T>(owner: SimulatedProcess | undefined, work: () => T): T {
  const before = running;
  running = owner;
  try {
    return work();
  } finally {
    running = before;
  }
}

/** Lets all that waits in this process's queues run, as that process. */
export async function letRun(owner: SimulatedProcess | undefined): Promise<void> {
  running = owner;
  operationsInARow = 0;
  await new Promise((resolve) => setImmediate(resolve));
  running = undefined;
}

/** One operation of a process; throws where it is dead, or dies now. */
export function operate(owner: SimulatedProcess): void {
  if (!owner.isDead) {
    operationsInARow += 1;
    if (operationsInARow > mostInARow) throw new Error('it works on and on, and no time passes');
    runAs(undefined, owner.beforeOperation);
  }
  if (owner.isDead) throw new Killed();
}

/** What the kernel does for a dead process. */
export function bury(owner: SimulatedProcess): void {
  owner.isDead = true;
  for (const file of owner.openFiles) realFs.closeSync(file);
  owner.openFiles.clear();
}

/** From now on the product's file operations go through `operate`. Returns what undoes it. */
export function interceptFiles(): () => void {
  const wrapped = Object.fromEntries(intercepted.map((name) => [name, intercept(name)]));
  Object.assign(fs, wrapped);
  const pid = Object.getOwnPropertyDescriptor(process, 'pid') ?? {};
  Object.defineProperty(process, 'pid', { configurable: true, get: () => running?.pid ?? realPid });
  syncBuiltinESMExports();
  return () => {
    Object.assign(fs, Object.fromEntries(intercepted.map((name) => [name, realFs[name]])));
    Object.defineProperty(process, 'pid', pid);
    syncBuiltinESMExports();
  };
}

const intercepted = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'closeSync',
  'renameSync',
  'linkSync',
  'rmSync',
  'mkdirSync',
  'readdirSync',
  'readFileSync',
  'existsSync',
] as const;

// A look at a handful of devices takes some dozens.
const mostInARow = 20_000;

/** The file operations as they are, for the simulation itself. */
export const realFs = { ...fs };
const realPid = process.pid;
let running: SimulatedProcess | undefined;
// Beyond what Linux gives out: nobody else is alive under such a number.
let lastPid = 10_000_000;
let operationsInARow = 0;

function intercept(name: (typeof intercepted)[number]) {
  const real = realFs[name] as (...args: unknown[]) => unknown;
  return (...args: unknown[]): unknown => {
    const owner = running;
    if (owner === undefined) return real(...args);
    try {
      operate(owner);
    } catch (death) {
      if (name === 'writeSync' && owner.diesHalfway && owner.openFiles.has(args[0] as number)) {
        real(args[0], String(args[1]).slice(0, String(args[1]).length / 2));
      }
      if (owner.isDead) bury(owner);
      throw death;
    }
    if (name === 'closeSync') owner.openFiles.delete(args[0] as number);
    const result = real(...args);
    if (name === 'openSync') owner.openFiles.add(result as number);
    return result;
  };
}
