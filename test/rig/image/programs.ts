import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { runCommand } from './command.js';

type Progress = (line: string) => void;

/** What the rig runs on this machine, and the Debian package that brings it. */
const packageOfProgram: Record<string, string> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  mke2fs: 'e2fsprogs',
  cpio: 'cpio',
  xz: 'xz-utils',
  zstd: 'zstd',
  flock: 'util-linux',
  setpriv: 'util-linux',
};

/** The packages that are not installed here, sorted; none when the rig can be built and run. */
export async function missingPackages(): Promise<string[]> {
  const missing = new Set<string>();
  for (const [program, packageName] of Object.entries(packageOfProgram)) {
    if (!(await isOnPath(program))) missing.add(packageName);
  }
  return [...missing].sort();
}

/** The line a person types to get what is missing. */
export function aptLine(packages: string[]): string {
  return `apt-get update && apt-get install --no-install-recommends ${packages.join(' ')}`;
}

/** Installs what is missing. Needs root. */
export async function installMissingPackages(progress: Progress): Promise<void> {
  const packages = await missingPackages();
  if (packages.length === 0) return;
  progress(`installing ${packages.join(' ')}`);
  await installPackages(packages);
}

/** Needs root. */
export async function installPackages(packages: string[]): Promise<void> {
  await updatePackageLists();
  await aptGet('install', '--yes', '--no-install-recommends', ...packages);
}

/** Refreshes this machine's package lists; `debianSources` reads from them which source is Debian's. */
export async function updatePackageLists(): Promise<void> {
  await aptGet('update');
}

async function aptGet(...args: string[]): Promise<void> {
  await runCommand('apt-get', args, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
}

async function isOnPath(program: string): Promise<boolean> {
  // mke2fs is in /usr/sbin, which is not on every user's PATH.
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  for (const directory of directories) {
    try {
      await access(join(directory, program), constants.X_OK);
      return true;
    } catch {
      continue;
    }
  }
  return false;
}
