import { chmod, mkdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ports } from './command-line.js';
import { domainXml, firmware, firmwarePath } from './domains.js';

/** Runs a command in L1: `rig-exec SECONDS COMMAND…`. After so many seconds it is killed, children and all. */
export const rigExec = '/usr/local/bin/rig-exec';

/**
 * The guest agent logs its every step, which would fill the journal: its unit is kept quiet. What it runs leaves
 * that unit, to be neither muted with it nor taken for a part of it.
 */
const rigExecScript = `#!/bin/sh
cgroup=/sys/fs/cgroup/rig
[ -d "$cgroup" ] || mkdir "$cgroup"
echo $$ >"$cgroup/cgroup.procs"
exec timeout --signal=KILL "$@"
`;

const quietAgent = `[Service]
LogLevelMax=notice
`;

/**
 * libvirt would ask each QEMU that it starts for its processor's features, one by one, some four hundred times:
 * emulated twice, half of the time that a start takes. Without this capability it asks for them all at once.
 */
const qemuConf = `capability_filters = [ "cpu-unavailable-features" ]
`;

/**
 * Sends one line to L0's time-stamping port. The port has one opener at a time, hence the tries; they are bounded
 * because the caller may be a udev RUN program. It is found by its number: in a boot the kernel has made the device
 * before udev has made the link that has its name.
 */
const rigLineScript = `#!/bin/sh
tries=0
until port=$(echo /dev/vport*p${ports.lines.number}) && [ -c "$port" ] && printf '%s\\n' "$*" >"$port"; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || exit 1
  sleep 0.01
done 2>/dev/null
`;

/**
 * Units that cost boot time and have no part in handing devices to domains. virtlogd.socket and virtlockd.socket
 * are not among them: without them libvirtd fails to activate, with exit status 141 and no message.
 * libvirt-guests would wait minutes at shutdown for domains that have no system to shut down.
 */
const maskedUnits = [
  'getty@tty1.service',
  'serial-getty@ttyS0.service',
  'systemd-logind.service',
  'systemd-networkd.service',
  'systemd-timesyncd.service',
  'systemd-pstore.service',
  'e2scrub_reap.service',
  'libvirt-guests.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'fstrim.timer',
  'logrotate.timer',
  'man-db.timer',
  'systemd-tmpfiles-clean.timer',
];

const files: Record<string, string | Buffer> = {
  [firmwarePath]: firmware(),
  'etc/hostname': 'host\n',
  'etc/hosts': '127.0.0.1 localhost host\n',
  // An empty id would make every cold boot a first boot, with all its presets.
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'etc/network/interfaces': 'auto lo\niface lo inet loopback\n',
  'etc/libvirt/qemu.conf': qemuConf,
  'etc/libvirt/qemu/testvm-01.xml': domainXml('testvm-01'),
  'etc/libvirt/qemu/testvm-02.xml': domainXml('testvm-02'),
  'etc/systemd/system/qemu-guest-agent.service.d/quiet.conf': quietAgent,
};

const programs: Record<string, string> = {
  [rigExec]: rigExecScript,
  '/usr/local/bin/rig-line': rigLineScript,
};

/** By these systemd tells that /etc and /var have been brought up to date; otherwise every cold boot does it. */
const updateStamps = ['etc/.updated', 'var/.updated'];

/** Makes a freshly installed tree into L1. */
export async function configure(rootTree: string): Promise<void> {
  for (const [path, content] of Object.entries({ ...files, ...programs })) {
    await mkdir(dirname(join(rootTree, path)), { recursive: true });
    await writeFile(join(rootTree, path), content);
  }
  for (const path of Object.keys(programs)) await chmod(join(rootTree, path), 0o755);
  for (const unit of maskedUnits) {
    const link = join(rootTree, 'etc/systemd/system', unit);
    await rm(link, { force: true });
    await symlink('/dev/null', link);
  }
  const { mtime } = await stat(join(rootTree, 'usr'));
  for (const stamp of updateStamps) {
    await writeFile(join(rootTree, stamp), '');
    await utimes(join(rootTree, stamp), mtime, mtime);
  }
}
