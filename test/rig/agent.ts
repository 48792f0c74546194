import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { rigExec } from './image/configuration.js';
import { objectIn, readJsonLines, type JsonObject } from './lines.js';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** After this the command and its children are killed. */
  readonly timeoutMs?: number;
  /** Added to a plain root environment. */
  readonly env?: Record<string, string>;
}

/** The guest agent: runs programs in L1 as root. */
export interface Agent {
  /** Resolves when the agent answers. What was sent before it ran is kept for it, so once is enough. */
  ready(timeoutMs: number): Promise<void>;
  /**
   * Runs a program to its end. One that leaves children with its stdout open has not ended;
   * send their output elsewhere.
   */
  execute(argv: string[], options?: RunOptions): Promise<CommandResult>;
}

/** The agent's own environment differs from suite to suite. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** Far beyond what the agent needs for an answer under load: who waits longer waits for a dead machine. */
const answerTimeoutMs = 180_000;

/** Speaks with the guest agent over a connected socket. */
export function connectAgent(stream: Duplex): Agent {
  const waiting = new Map<number, (reply: JsonObject) => void>();
  let lastId = 0;
  let closed = false;

  readJsonLines(stream, (reply) => waiting.get(Number(reply['id']))?.(reply));
  stream.on('close', () => {
    closed = true;
    for (const resolve of waiting.values()) resolve({ error: { desc: 'QEMU ended' } });
  });

  async function request(command: string, args: JsonObject, timeoutMs = answerTimeoutMs): Promise<unknown> {
    if (closed) throw new Error(`QEMU has ended; its guest agent was asked for ${command}`);
    const id = ++lastId;
    const reply = await new Promise<JsonObject>((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`the guest agent did not answer ${command} within ${timeoutMs} ms`));
      }, timeoutMs);
      waiting.set(id, (object) => {
        waiting.delete(id);
        clearTimeout(timer);
        resolve(object);
      });
      stream.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
    if ('error' in reply)
      throw new Error(`the guest agent refused ${command}: ${String(objectIn(reply, 'error')['desc'])}`);
    return reply['return'];
  }

  async function ready(timeoutMs: number): Promise<void> {
    await request('guest-sync', { id: 1 }, timeoutMs);
  }

  async function execute(argv: string[], options: RunOptions = {}): Promise<CommandResult> {
    const { timeoutMs = 60_000, env = {} } = options;
    const startedAtMs = performance.now();
    const started = (await request('guest-exec', {
      path: rigExec,
      arg: [`${timeoutMs / 1000}`, ...argv],
      env: Object.entries({ ...environment, ...env }).map(([name, value]) => `${name}=${value}`),
      'capture-output': true,
    })) as JsonObject;
    const result = await ending(started['pid']);
    if (result.exitCode === 128 + 9 && performance.now() - startedAtMs >= timeoutMs) {
      throw new Error(`not ended within ${timeoutMs} ms: ${argv.join(' ')}\n${result.stdout}${result.stderr}`);
    }
    return result;
  }

  async function ending(pid: unknown): Promise<CommandResult> {
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
      const status = (await request('guest-exec-status', { pid })) as JsonObject;
      if (status['exited'] === true) {
        return {
          exitCode: Number(status['exitcode'] ?? 128 + Number(status['signal'])),
          stdout: decoded(status['out-data']),
          stderr: decoded(status['err-data']),
        };
      }
      await pause(pauseMs);
    }
  }

  return { ready, execute };
}

function decoded(base64: unknown): string {
  return typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString() : '';
}
