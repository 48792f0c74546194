import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { failed, ok, skipped, warning, type Check, type Result } from '../core/finding.js';
import { describeUnreached } from '../core/message.js';
import { judgeRoom } from '../core/room.js';
import { readGuestBuses } from '../host/guest-usb.js';
import { programIn } from '../host/program.js';
import { openSystemd } from '../host/systemd.js';
import { openVirsh } from '../host/virsh.js';
import type { Ground } from './ground.js';

const limitMs = 20_000;

/** libvirt, and what of it is in the way of a device. */
export function libvirtChecks(ground: Ground): Check[] {
  return [
    { title: 'virsh', run: () => checkVirsh(ground) },
    { title: "libvirt's hook", run: () => checkHook(ground) },
    { title: 'AppArmor', run: () => checkAppArmor(ground) },
    { title: 'controllers', run: () => checkControllers(ground) },
  ];
}

async function checkVirsh({ places, uri }: Ground): Promise<Result> {
  const virsh = programIn(places.path, 'virsh');
  const answer = await openVirsh(virsh, places.runDirectory).list(uri, 'all');
  if (answer.kind === 'failed') {
    return failed(
      describeUnreached(uri, answer.failure),
      answer.failure.kind === 'virsh-missing'
        ? 'Debian: apt install libvirt-clients; others: libvirt-client'
        : 'systemctl start libvirtd (or virtqemud); devices wait until then',
    );
  }
  return ok(`it reaches ${uri}; domains: ${answer.value.length}`);
}

/**
 * libvirt looks for hook scripts when its daemon starts or is reloaded; where it found none for QEMU then, it runs
 * none until the next time. So the script must have been there before: by the time that its file came to be.
 */
async function checkHook({ places, installation }: Ground): Promise<Result> {
  const path = join(installation.libvirtHooks, 'qemu.d/usb-libvirt-hotplug');
  const script = statSync(path, { throwIfNoEntry: false });
  if (script === undefined) {
    return failed(`${path} is not there: nothing looks again when a domain starts`, 'run install.sh again');
  }
  try {
    accessSync(path, constants.X_OK);
  } catch {
    return failed(`${path} may not be executed`, `chmod 755 ${path}`);
  }
  const version = (await programIn(places.path, 'virsh')(['--version'], limitMs)).stdout.trim();
  if (isBefore(version, [6, 5])) {
    return warning(
      `libvirt ${version} is older than 6.5, and does not read ${path}`,
      `have ${join(installation.libvirtHooks, 'qemu')} end with: exec ${path} "$@"`,
    );
  }

  const systemd = openSystemd(programIn(places.path, 'systemctl'));
  if (!(await systemd.isThere())) return ok(`${path}; whether the daemon has seen it cannot be told without systemd`);
  // Where the file system keeps no time of birth, that of its content.
  const cameMs = script.birthtimeMs || script.mtimeMs;
  for (const daemon of ['virtqemud', 'libvirtd']) {
    const loadedMs = await systemd.readLoadedMs(`${daemon}.service`);
    if (loadedMs === undefined) continue;
    // systemd tells whole seconds.
    return loadedMs + 1000 >= cameMs
      ? ok(`${path}; ${daemon} was started or reloaded after it came`)
      : warning(`${path} came after ${daemon} was started or reloaded last`, `systemctl reload ${daemon}`);
  }
  return ok(`${path}; no daemon runs now, and the next one sees it`);
}

/** "6.0.0" is before 6.5; what is no version is not. */
function isBefore(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, theirMajor, theirMinor] = (/^(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
  if (theirMajor === undefined || theirMinor === undefined) return false;
  return theirMajor < major || (theirMajor === major && theirMinor < minor);
}

/** Only told: libvirt adds each device to its domain's profile; virsh, which reads our files in /run, has none of its own. */
function checkAppArmor({ places, isRoot }: Ground): Result {
  const read = (path: string) => {
    try {
      return readFileSync(join(places.sysfs, path), 'utf8');
    } catch {
      return undefined;
    }
  };
  if (read('module/apparmor/parameters/enabled')?.trim() !== 'Y') return ok('it is not enabled');
  const profiles = read('kernel/security/apparmor/profiles');
  if (profiles === undefined) {
    return skipped('it is enabled; its profiles cannot be read', isRoot ? 'mount securityfs' : 'run as root');
  }
  const lines = profiles.split('\n');
  const virsh = lines.find((line) => /^(\/usr\/bin\/)?virsh \((enforce|kill)\)$/.test(line));
  if (virsh !== undefined) {
    return warning(`it confines virsh, by ${virsh}`, `allow it to read ${places.runDirectory}/tmp/*.xml`);
  }
  const daemons = lines.filter((line) => /(^|\/)(libvirtd|virtqemud) \(/.test(line));
  return ok(
    `it is enabled, with ${daemons.join(', ') || "no profile of libvirt's"}; what it denies: journalctl -k -g apparmor`,
  );
}

async function checkControllers({ places, uri }: Ground): Promise<Result | Result[]> {
  const virsh = programIn(places.path, 'virsh');
  const running = await openVirsh(virsh, places.runDirectory).list(uri, 'running');
  if (running.kind === 'failed') return skipped('what domains have is not known without libvirt');
  if (running.value.length === 0) return ok('no domain is running');
  return Promise.all(
    running.value.map(async ({ uuid, name }) => {
      const buses = await readGuestBuses(virsh, uri, uuid);
      return buses === undefined ? skipped(`${name} did not tell its XML`) : judgeRoom(name, buses);
    }),
  );
}
