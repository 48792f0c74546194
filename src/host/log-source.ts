import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../core/event.js';
import { linesOf } from './program.js';

/** Where our lines are kept, and how they are read from there. */
export interface LogSource {
  /** "the journal", "/var/log/syslog". */
  readonly name: string;
  /** Whether all of its lines are ours, or must be looked through. */
  readonly oursOnly: boolean;
  /** Hands over its lines, the oldest first; with `follow` goes on with new ones until it is told to end. */
  read(onLine: (line: string) => void, options: { follow: boolean; until: AbortSignal }): Promise<ReadEnding>;
}

export interface ReadEnding {
  readonly failed: boolean;
  /** What the program that read it had to say, such as that somebody may not see everything. */
  readonly said: string;
}

/** The journal where the host keeps one, else the first syslog file that is there; undefined with neither. */
export function findLogSource(environment: Environment, path: string): LogSource | undefined {
  const journals = listFrom(environment['USB_LIBVIRT_JOURNALS'] ?? '/var/log/journal:/run/log/journal');
  if (journals.some(holdsJournal)) return journal(path);
  const files = listFrom(environment['USB_LIBVIRT_LOG_FILES'] ?? '/var/log/syslog:/var/log/messages');
  const file = files.find((candidate) => existsSync(candidate));
  return file === undefined ? undefined : logFile(path, file);
}

function journal(path: string): LogSource {
  // What the worker prints where there is no syslog socket goes by the unit alone, under node's name.
  const matches = ['SYSLOG_IDENTIFIER=usb-libvirt-hotplug', '+', '_SYSTEMD_UNIT=usb-libvirt-hotplug.service'];
  return {
    name: 'the journal',
    oursOnly: true,
    read: (onLine, { follow, until }) =>
      run(
        path,
        'journalctl',
        [...(follow ? ['--follow', '--no-tail'] : []), '--no-pager', '--output=short-iso', ...matches],
        onLine,
        until,
      ),
  };
}

function logFile(path: string, file: string): LogSource {
  return {
    name: file,
    oursOnly: false,
    read(onLine, { follow, until }) {
      // By name, so that it is still followed after logrotate has put another in its place.
      const yesterdays = `${file}.1`;
      const files = !follow && existsSync(yesterdays) ? [yesterdays, file] : [file];
      return run(path, 'tail', ['-q', '-n', '+1', ...(follow ? ['-F'] : []), '--', ...files], onLine, until);
    },
  };
}

async function run(
  path: string,
  program: string,
  args: readonly string[],
  onLine: (line: string) => void,
  until: AbortSignal,
): Promise<ReadEnding> {
  const { kind, stderr } = await linesOf(path, program)(args, onLine, until);
  if (kind === 'missing') return { failed: true, said: `${program} was not found` };
  return { failed: kind === 'failed' && !until.aborted, said: stderr.trim() };
}

/** "/var/log/journal/MACHINE/system.journal". */
function holdsJournal(directory: string): boolean {
  try {
    return readdirSync(directory).some((machine) =>
      readdirSync(join(directory, machine)).some((name) => name.endsWith('.journal')),
    );
  } catch {
    return false;
  }
}

function listFrom(text: string): string[] {
  return text.split(':').filter((entry) => entry !== '');
}
