import { cp, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { runCommand } from './image/command.js';
import { shareTag } from './image/command-line.js';

export interface Way {
  /** The directory here that L1 can mount. */
  readonly share: string;
  /** Runs a shell command in L1. */
  readonly mustRun: (command: string) => Promise<string>;
}

/** In 512 bytes. 9p asks L0 for every read, so the archive is read in large pieces. */
const blockingFactor = '--blocking-factor=1024';

/**
 * Copies a file or a tree into L1. It travels as one archive, because 9p takes many slow steps for every file.
 * The share is mounted only for that: a mounted one cannot be part of a snapshot.
 */
export async function copyIn(hostPath: string, guestPath: string, { share, mustRun }: Way): Promise<void> {
  const name = basename(guestPath);
  const staging = join(share, 'staging');
  await cp(hostPath, join(staging, name), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  await runCommand('tar', [
    '--create',
    blockingFactor,
    '--file',
    join(share, 'copy.tar'),
    '--directory',
    staging,
    '--',
    name,
  ]);
  await rm(staging, { recursive: true });

  const directory = shellWord(dirname(guestPath));
  await mustRun(`set -e
    mkdir -p /run/rig-share ${directory}
    mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=524288 ${shareTag} /run/rig-share
    trap 'umount /run/rig-share' EXIT
    tar --extract ${blockingFactor} --file /run/rig-share/copy.tar --directory ${directory} --no-same-owner`);
}

// it's → 'it'\''s'
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
