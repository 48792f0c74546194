import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { locked } from './rig/image/cache.js';
import { installPackages } from './rig/image/programs.js';

/** For a test's `skip`: why a program is not to be had. As root it is installed first, from the package of its name or the one that is given. */
export async function whyNoProgram(program: string, packageName = program): Promise<string | false> {
  const isThere = () => spawnSync(program, ['--version']).status === 0;
  if (isThere()) return false;
  // apt does not wait for another apt.
  if (process.getuid?.() === 0) await locked(() => installPackages([packageName]));
  return isThere() ? false : `${program} is not installed`;
}
