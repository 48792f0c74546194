import { join } from 'node:path';
import { failed, ok, skipped, type Check, type Result } from '../core/finding.js';
import { hookOf, readInstalledNode } from '../host/installation.js';
import { programIn } from '../host/program.js';
import type { Ground } from './ground.js';

const limitMs = 20_000;
const reinstall = 'run install.sh again; --node names another node';

/** The node that udev is to start, and whether it lives there. */
export function nodeChecks(ground: Ground): Check[] {
  return [
    { title: 'node', run: () => checkNode(ground) },
    { title: "node in udev's sandbox", run: () => tryInSandbox(ground) },
  ];
}

async function checkNode({ installation, places }: Ground): Promise<Result> {
  const node = readInstalledNode(installation);
  if (node === undefined) {
    return failed(`there is no hook at ${hookOf(installation)} that names a node`, 'run install.sh');
  }
  const { kind, stdout, stderr } = await programIn(places.path, node)(['--version'], limitMs);
  if (kind === 'missing') return failed(`${node}, which the hook names, is not there`, reinstall);
  const [, major = '', minor = ''] = /^v(\d+)\.(\d+)\.\S+$/m.exec(stdout) ?? [];
  if (kind !== 'done' || major === '') return failed(`${node} --version says ${stderr.trim() || 'nothing'}`, reinstall);
  const version = stdout.trim().slice(1);
  const fits = Number(major) <= 26 && (Number(major) > 18 || (Number(major) === 18 && Number(minor) >= 19));
  return fits
    ? ok(`${version} at ${node}`)
    : failed(`${version} at ${node} does not fit: 18.19 to 26 is needed`, reinstall);
}

/** Really tried, for no version says it: what maps memory writable and executable dies there with SIGTRAP. */
async function tryInSandbox({ installation, places, isRoot }: Ground): Promise<Result> {
  const node = readInstalledNode(installation);
  if (node === undefined) return skipped('there is no hook to be tried');
  if (!isRoot) return skipped('only root can try it', 'run as root');
  const { kind, stdout, stderr, status } = await programIn(places.path, 'systemd-run')(
    [
      ...['--quiet', '--wait', '--pipe', '--collect'],
      ...['-p', 'MemoryDenyWriteExecute=yes', '-p', 'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6'],
      ...[node, '--jitless', join(installation.lib, 'hook.cjs'), '--version'],
    ],
    limitMs,
  );
  if (kind === 'missing') return skipped('there is no systemd-run here to try it with');
  if (kind === 'done') return ok(`${stdout.trim()}, run by systemd-run with MemoryDenyWriteExecute`);
  const said = stderr.trim().split('\n').at(-1) ?? '';
  if (/not been booted with systemd|connect to bus/.test(stderr)) return skipped(`systemd cannot be asked: ${said}`);
  return failed(
    `the hook does not run with MemoryDenyWriteExecute (status ${status}): ${said || 'it says nothing'}`,
    'look for denials (SELinux: ausearch -m avc -ts recent); else try another node, with install.sh --node',
  );
}
