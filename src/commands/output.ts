// What commands print with: colours and width where there is a terminal, the common options, lines.
import process from 'node:process';
import pc from 'picocolors';
import type { Options } from 'yargs';
import type { Paint } from '../core/listing.js';
import { openLog, type Log } from '../host/log.js';
import type { Places } from '../host/places.js';

/** Options that several verbs share. */
export const connectOption = {
  type: 'string',
  describe: 'The hypervisor to look at (default: LIBVIRT_DEFAULT_URI, else qemu:///system)',
  requiresArg: true,
} as const satisfies Options;

export const jsonOption = {
  type: 'boolean',
  default: false,
  describe: 'For programs: JSON on stdout',
} as const satisfies Options;

/** Colours, on a terminal and unless NO_COLOR is set. */
export function paintFor(stream: { readonly isTTY?: boolean }): Paint {
  const { bold, dim, green, yellow } = pc.createColors(
    stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
  );
  return { bold, dim, good: green, bad: yellow };
}

/** A terminal's width; as wide as it takes where the output goes to a file or a program. */
export function outputWidth(): number {
  // Some terminals say that they have none.
  return (process.stdout.isTTY && process.stdout.columns) || Infinity;
}

export function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}

/** JSON on one line. A terminal that shows it obeys no device: what JSON leaves of control characters is escaped, too. */
export function printJson(value: unknown): void {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  print(JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, escape));
}

/** For the person beside the output. */
export function note(...lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`);
}

/** The log of a command that changes something: syslog has it too, whoever typed it. */
export function openCommandLog({ syslogSocket, path }: Places): Log {
  return openLog({
    verbose: false,
    terminal: () => process.stderr.isTTY,
    syslogSocket,
    path,
    journal: false,
    print: (line) => process.stderr.write(`${line}\n`),
  });
}
