import type { Duplex } from 'node:stream';
import { objectIn, readJsonLines, type JsonObject } from './lines.js';

/** What the machine monitor reports on its own, for example `DEVICE_DELETED`. */
export interface QmpEvent {
  readonly event: string;
  readonly data: JsonObject;
}

/** QEMU's machine monitor. */
export interface Qmp {
  /** Sends a command; rejects with QEMU's own words. */
  execute(command: string, args?: JsonObject): Promise<unknown>;
  /** The next event that fits. Ask before the command that causes it. */
  nextEvent(fits: (event: QmpEvent) => boolean, timeoutMs: number): Promise<QmpEvent>;
}

interface Pending {
  readonly command: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Speaks QMP over a connected socket. Everything that is pending rejects when QEMU goes away. */
export async function connectQmp(stream: Duplex): Promise<Qmp> {
  const pending = new Map<number, Pending>();
  const watchers = new Set<(event: QmpEvent) => void>();
  let lastId = 0;
  let closed = false;

  const greeted = new Promise<void>((resolve, reject) => {
    readJsonLines(stream, (message) => {
      if ('QMP' in message) resolve();
      else if (typeof message['event'] === 'string')
        announce({ event: message['event'], data: objectIn(message, 'data') });
      else answer(message);
    });
    stream.on('close', () => {
      closed = true;
      reject(new Error('QEMU ended before its monitor answered'));
      for (const { command, reject: rejectCommand } of pending.values()) {
        rejectCommand(new Error(`QEMU ended during ${command}`));
      }
    });
  });

  function announce(event: QmpEvent): void {
    for (const watcher of watchers) watcher(event);
  }

  function answer(message: JsonObject): void {
    const id = message['id'];
    const request = typeof id === 'number' ? pending.get(id) : undefined;
    if (request === undefined) return;
    pending.delete(id as number);
    if ('error' in message) {
      request.reject(new Error(`QEMU refused ${request.command}: ${String(objectIn(message, 'error')['desc'])}`));
    } else {
      request.resolve(message['return']);
    }
  }

  function execute(command: string, args: JsonObject = {}): Promise<unknown> {
    if (closed) return Promise.reject(new Error(`QEMU has ended; it was asked for ${command}`));
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      pending.set(id, { command, resolve, reject });
      stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  function nextEvent(fits: (event: QmpEvent) => boolean, timeoutMs: number): Promise<QmpEvent> {
    return new Promise((resolve, reject) => {
      const watcher = (event: QmpEvent) => {
        if (!fits(event)) return;
        clearTimeout(timer);
        watchers.delete(watcher);
        resolve(event);
      };
      const timer = setTimeout(() => {
        watchers.delete(watcher);
        reject(new Error(`QEMU did not report the expected event within ${timeoutMs} ms`));
      }, timeoutMs).unref();
      watchers.add(watcher);
    });
  }

  await greeted;
  await execute('qmp_capabilities');
  return { execute, nextEvent };
}

/** Runs a command of the human monitor, for the few things QMP lacks. These print their errors. */
export async function humanMonitor(qmp: Qmp, commandLine: string): Promise<string> {
  return String(await qmp.execute('human-monitor-command', { 'command-line': commandLine }));
}
