import { statSync } from 'node:fs';
import { printable, type Message, type Severity } from '../core/message.js';
import type { SyslogWriter } from './syslog.js';

export interface Log {
  /** Takes a line; never throws and never waits. Debug lines count only with `verbose`. */
  readonly write: (message: Message) => void;
  /** Sees to it that every line is out, in 500 ms at the most, and lets the process end. */
  readonly close: () => Promise<void>;
}

export interface LogOptions {
  readonly verbose: boolean;
  /** Somebody is looking: print there, and leave syslog alone. Asked only when there is a line: opening stderr costs. */
  readonly terminal: () => boolean;
  readonly syslogSocket: string;
  /** The PATH to find logger(1) in, which stands in for the native addon where that cannot be loaded. */
  readonly path: string;
  /** stderr is the journal (JOURNAL_STREAM is set): it reads a line's severity from a "<4>" before it. */
  readonly journal: boolean;
  readonly print: (line: string) => void;
}

const patienceMs = 500;
const congestionPauseMs = 10;

/** Lines go to syslog; without one, or with one that takes nothing, to stderr. */
export function openLog({ verbose, terminal, syslogSocket, path, journal, print }: LogOptions): Log {
  const pending: Message[] = [];
  let syslog: SyslogWriter | undefined;
  let fallenBack = false;
  let draining: Promise<void> | undefined;
  let closing = false;

  function printFallback({ severity, text }: Message) {
    print(journal ? `<${severityNumbers[severity]}>${text}` : `usb-libvirt-hotplug: ${text}`);
  }

  async function drain() {
    // What is written in this same turn is sent together; a line written later starts anew.
    await Promise.resolve();
    if (!fallenBack && !isSocket(syslogSocket)) fallenBack = true;
    if (!fallenBack) syslog ??= await openSyslogOrLogger(syslogSocket, path);
    let congestedMs = 0;
    for (let message = pending[0]; message !== undefined; message = pending[0]) {
      const result = fallenBack ? 'failed' : syslog?.send(message);
      if (result === 'congested' && closing) fallenBack = true;
      else if (result === 'congested' && congestedMs < patienceMs) {
        await new Promise((resolve) => setTimeout(resolve, congestionPauseMs));
        congestedMs += congestionPauseMs;
        continue;
      }
      if (result !== 'sent') printFallback(message);
      else congestedMs = 0;
      pending.shift();
    }
    draining = undefined;
  }

  return {
    write({ severity, text }) {
      if (severity === 'debug' && !verbose) return;
      const message = { severity, text: printable(text) };
      if (terminal()) {
        print(message.text);
        return;
      }
      pending.push(message);
      draining ??= drain();
    },

    async close() {
      const limit = setTimeout(() => (closing = true), patienceMs);
      await draining;
      clearTimeout(limit);
      syslog?.close();
      syslog = undefined;
    },
  };
}

/** The addon is tied to one version of Node; another one cannot load it. */
async function openSyslogOrLogger(socketPath: string, path: string): Promise<SyslogWriter> {
  try {
    return (await import('./syslog.js')).openSyslog(socketPath);
  } catch {
    return (await import('./logger.js')).openLogger(socketPath, path);
  }
}

/** RFC 5424's numbers, which sd-daemon(3) takes as a prefix too. */
const severityNumbers: Record<Severity, number> = { error: 3, warning: 4, notice: 5, info: 6, debug: 7 };

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}
