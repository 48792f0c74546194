import type { Agent } from './agent.js';
import { objectFrom } from './lines.js';

export interface JournalQuery {
  readonly unit?: string;
  /** syslog's program name. */
  readonly identifier?: string;
  /** As journalctl takes it: `warning` means warning and worse. */
  readonly priority?: string;
  /** Only what came after this. */
  readonly sinceCursor?: string;
}

export interface JournalEntry {
  readonly message: string;
  /** syslog's number: 3 is an error, 6 information. */
  readonly priority: number;
  readonly identifier: string;
  readonly unit: string;
  readonly pid: number;
  /** L1's clock. */
  readonly atMs: number;
  readonly cursor: string;
}

/** Reads L1's journal of this boot, oldest first; what is on its disk of boots before is passed over. */
export async function readJournal(agent: Agent, query: JournalQuery): Promise<JournalEntry[]> {
  const { unit, identifier, priority, sinceCursor } = query;
  const found = await entries(agent, [
    ...(unit === undefined ? [] : [`--unit=${unit}`]),
    ...(identifier === undefined ? [] : [`--identifier=${identifier}`]),
    ...(priority === undefined ? [] : [`--priority=${priority}`]),
    // Not --after-cursor: with a filter, systemd 252 skips the first entry that fits instead of the cursor's.
    ...(sinceCursor === undefined ? [] : [`--cursor=${sinceCursor}`]),
  ]);
  return found.filter(({ cursor }) => cursor !== sinceCursor);
}

/** Where L1's journal stands now, for `sinceCursor`. */
export async function journalCursor(agent: Agent): Promise<string> {
  const [last] = await entries(agent, ['--lines=1']);
  if (last === undefined) throw new Error("L1's journal is empty");
  return last.cursor;
}

async function entries(agent: Agent, filters: string[]): Promise<JournalEntry[]> {
  const { exitCode, stdout, stderr } = await agent.execute([
    'journalctl',
    '--quiet',
    '--all',
    '--output=json',
    '--boot',
    ...filters,
  ]);
  if (exitCode !== 0) throw new Error(`L1's journal could not be read: ${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(parseEntry);
}

function parseEntry(line: string): JournalEntry {
  const fields = objectFrom(line);
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '');
  return {
    message: message(fields['MESSAGE']),
    priority: Number(fields['PRIORITY'] ?? 6),
    identifier: text('SYSLOG_IDENTIFIER'),
    unit: text('_SYSTEMD_UNIT'),
    pid: Number(fields['_PID'] ?? 0),
    atMs: Number(fields['__REALTIME_TIMESTAMP']) / 1000,
    cursor: text('__CURSOR'),
  };
}

/** A message that is not plain text comes as an array of its bytes. */
function message(value: unknown): string {
  return Array.isArray(value) ? Buffer.from(value as number[]).toString() : String(value);
}
